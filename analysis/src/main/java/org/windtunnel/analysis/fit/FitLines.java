package org.windtunnel.analysis.fit;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.windtunnel.analysis.Numbers;

/** A fit as lines of text. */
public final class FitLines {
    /** Values of a profile that a line holds. */
    private static final int PROFILED = 9;

    private FitLines() {}

    public static List<String> of(TableFit fit) {
        List<String> lines = new ArrayList<>();
        lines.add("law " + fit.law() + ": " + fit.formula());
        lines.add("  " + fit.points() + " rows (" + fit.source() + ")" + (fit.notes().isEmpty() ? "" : "; ")
                + String.join("; ", fit.notes()));
        lines.add("  objective " + String.format(Locale.ROOT, "%.10g", fit.objective()) + ", residuals of the "
                + fit.scale() + (fit.scale().equals("linear") ? "" : " of the") + " " + fit.output() + ", "
                + loss(fit.delta()) + (fit.converged() ? "" : "; NOT converged"));
        lines.add("");
        lines.add(String.format(
                Locale.ROOT,
                "  %-8s %14s  %-28s %12s %12s",
                "",
                "value",
                percent(fit.level()) + " interval",
                "SE",
                "sandwich"));
        fit.parameters().forEach(p -> lines.add(parameter(p)));
        if (fit.exponent() != null) {
            lines.add("  N* ~ C^a:");
            lines.add(parameter(fit.exponent()));
        }
        lines.add("");
        lines.add("  on the rows fitted: " + errors(fit.errors()));
        if (fit.holdOuts().isEmpty()) {
            lines.add("  no hold-out: too few rows would be left to fit");
        }
        fit.holdOuts().forEach(h -> holdOut(lines, h));
        if (fit.optima().size() > 1) {
            lines.add("  other minima: ");
            fit.optima().stream()
                    .skip(1)
                    .forEach(o -> lines.add("    objective " + String.format(Locale.ROOT, "%.10g", o.objective())
                            + " at " + values(fit, o.values())));
        }
        fit.profiles().stream().filter(p -> weak(fit, p.parameter())).forEach(p -> lines.addAll(profile(p)));
        fit.weaknesses().forEach(w -> lines.add("  ! " + (w.parameter() == null ? "" : w.parameter() + ": ")
                + w.message() + "; " + w.remedy()));
        return lines;
    }

    private static boolean weak(TableFit fit, String parameter) {
        return fit.weaknesses().stream().anyMatch(w -> parameter.equals(w.parameter()));
    }

    private static void holdOut(List<String> lines, TableFit.Prediction h) {
        lines.add("  fitted without " + h.rule() + ", " + h.trained() + " rows, predicts " + h.errors().points() + ": "
                + errors(h.errors()));
        h.baselines().forEach(b -> lines.add("    " + b.name() + ": " + errors(b.errors())));
        if (h.errors().are() > h.bestBaseline()) {
            lines.add("    ! a baseline does better: do not extrapolate with this fit");
        }
    }

    private static String loss(double delta) {
        return delta == 0
                ? "least absolute deviations"
                : Double.isInfinite(delta) ? "least squares" : "Huber " + Numbers.text(delta);
    }

    private static String percent(double level) {
        return Math.round(100 * level) + " %";
    }

    private static String parameter(ParameterEstimate p) {
        return String.format(
                        Locale.ROOT,
                        "  %-8s %14s  %-28s %12s %12s%s",
                        p.name(),
                        digits(p.value()),
                        Double.isNaN(p.lo()) ? "-" : "[" + digits(p.lo()) + ", " + digits(p.hi()) + "]",
                        Double.isNaN(p.se()) ? "-" : short4(p.se()),
                        p.sandwichSe() == null ? "-" : short4(p.sandwichSe()),
                        p.identified() ? "" : "  not identified")
                .stripTrailing();
    }

    /** Seven significant digits: rounding a fit's parameters further can move its objective by a factor. */
    private static String digits(double value) {
        return String.format(Locale.ROOT, "%.7g", value);
    }

    private static String short4(double value) {
        return String.format(Locale.ROOT, "%.4g", value);
    }

    private static String errors(FitErrors e) {
        return String.format(
                Locale.ROOT,
                "mean error %.2f %%, worst %.2f %%, MAE %s, RMSE %s, bias %+.2e%s",
                100 * e.are(),
                100 * e.maxAre(),
                Numbers.text(e.mae()),
                Numbers.text(e.rmse()),
                e.bias(),
                e.r2() == null ? "" : String.format(Locale.ROOT, ", R2 %.4f", e.r2()));
    }

    private static String values(TableFit fit, double[] values) {
        List<String> named = new ArrayList<>();
        for (int i = 0; i < values.length; i++) {
            named.add(fit.parameters().get(i).name() + " " + short4(values[i]));
        }
        return String.join(", ", named);
    }

    private static List<String> profile(TableFit.Profile profile) {
        int stride = Math.max(1, profile.values().length / PROFILED);
        StringBuilder at = new StringBuilder();
        StringBuilder objective = new StringBuilder();
        for (int i = 0; i < profile.values().length; i += stride) {
            at.append(String.format(Locale.ROOT, "%11s", short4(profile.values()[i])));
            objective.append(String.format(Locale.ROOT, "%11s", short4(profile.objective()[i])));
        }
        return List.of("  profile of " + profile.parameter(), "    at       " + at, "    objective" + objective);
    }
}
