package org.windtunnel.analysis.study;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.windtunnel.analysis.Numbers;
import org.windtunnel.analysis.curve.RunStatus;
import org.windtunnel.analysis.fit.FitErrors;
import org.windtunnel.analysis.fit.ParameterEstimate;
import org.windtunnel.analysis.plan.Allocation;
import org.windtunnel.analysis.transfer.Drift;
import org.windtunnel.analysis.transfer.LrBowl;
import org.windtunnel.analysis.transfer.LrOptimum;
import org.windtunnel.analysis.transfer.TransferGroup;

/** The outcome of a study as text for a terminal of 100 columns. */
public final class Verdict {
    private static final int WIDTH = 100;

    private final StudyResult result;
    private final List<String> lines = new ArrayList<>();

    private Verdict(StudyResult result) {
        this.result = result;
    }

    /** The lines, none longer than 100 characters. */
    public static List<String> lines(StudyResult result) {
        Verdict verdict = new Verdict(result);
        verdict.runs();
        verdict.optima();
        verdict.drifts();
        if (result.law() != null) {
            verdict.law(result.law());
        }
        if (result.entropy() != null) {
            verdict.section("entropy");
            verdict.add("  ", result.entropy().sentence());
        }
        verdict.warnings();
        return List.copyOf(verdict.lines);
    }

    private void section(String title) {
        lines.add("");
        lines.add(title);
    }

    /** Adds a text, broken at blanks; lines after the first are indented by the prefix's length. */
    private void add(String prefix, String text) {
        String indent = " ".repeat(prefix.length());
        StringBuilder line = new StringBuilder(prefix);
        boolean empty = true;
        for (String word : text.split(" ")) {
            if (!empty && line.length() + 1 + word.length() > WIDTH) {
                lines.add(line.toString());
                line = new StringBuilder(indent);
                empty = true;
            }
            line.append(empty ? "" : " ").append(word);
            empty = false;
        }
        lines.add(line.toString());
    }

    private void runs() {
        Map<RunStatus, Integer> counts = new TreeMap<>();
        result.runs().forEach(r -> counts.merge(r.status(), 1, Integer::sum));
        List<String> parts = new ArrayList<>();
        counts.forEach((status, count) -> parts.add(count + " " + status.name().toLowerCase(Locale.ROOT)));
        add(
                "",
                result.sweep() + ": " + result.runs().size() + " runs"
                        + (parts.isEmpty() ? "" : " (" + String.join(", ", parts) + ")"));
    }

    private void optima() {
        if (result.transfer().isEmpty()) {
            return;
        }
        section("best learning rate per width, with 95 % interval");
        int label = Math.max(
                5,
                result.transfer().stream()
                        .mapToInt(g -> g.label().length())
                        .max()
                        .orElse(0));
        lines.add(String.format(
                "  %-" + label + "s %8s %10s  %-22s %9s  %s", "group", "width", "best LR", "interval", "loss", "from"));
        for (TransferGroup group : result.transfer()) {
            for (LrBowl bowl : group.bowls()) {
                lines.add(row(label, group.label(), bowl));
            }
        }
    }

    private static String row(int label, String group, LrBowl bowl) {
        String start = String.format(Locale.ROOT, "  %-" + label + "s %8s", group, width(bowl.width()));
        LrOptimum o = bowl.optimum();
        if (o == null) {
            return start + "          -  every run diverged";
        }
        String interval = o.lo() == null && o.hi() == null
                ? "unbounded"
                : o.lo() == null
                        ? "below " + Numbers.text(o.hi())
                        : o.hi() == null ? "above " + Numbers.text(o.lo()) : between(o.lo(), o.hi());
        String from = o.method() == LrOptimum.Method.PARABOLA
                ? "parabola"
                : o.edge() == LrOptimum.Edge.NONE ? "best of the grid" : "edge of the grid";
        return start
                + String.format(Locale.ROOT, " %10s  %-22s %9.4f  %s", Numbers.text(o.lr()), interval, o.loss(), from);
    }

    private static String width(double width) {
        return width == Math.rint(width) ? Long.toString((long) width) : Double.toString(width);
    }

    private static String between(double lo, double hi) {
        return "[" + Numbers.text(lo) + ", " + Numbers.text(hi) + "]";
    }

    private void drifts() {
        if (result.transfer().stream().allMatch(g -> g.drift() == null)) {
            return;
        }
        section("transfer over width");
        for (TransferGroup group : result.transfer()) {
            Drift drift = group.drift();
            if (drift != null) {
                add("  ", drift.sentence());
                cost(group, drift);
            }
        }
    }

    private void cost(TransferGroup group, Drift drift) {
        if (drift.transferredLr() != null && drift.excess() != null) {
            LrBowl last = group.bowls().get(group.bowls().size() - 1);
            add(
                    "    ",
                    String.format(
                            Locale.ROOT,
                            "at width %s the best rate of width %s (%s) %s",
                            width(last.width()),
                            width(group.bowls().get(0).width()),
                            Numbers.text(drift.transferredLr()),
                            Double.isInfinite(drift.excess())
                                    ? "diverges"
                                    : String.format(Locale.ROOT, "costs %+.4f nats", drift.excess())));
        }
    }

    private void law(LawStudy law) {
        section("law: " + law.formula());
        add("  ", law.points().size() + " points (" + law.filter() + ")");
        for (ParameterEstimate p : law.parameters()) {
            lines.add(String.format(
                    Locale.ROOT,
                    "  %-6s %10s  %s%s",
                    p.name(),
                    significant(p.value()),
                    "[" + significant(p.lo()) + ", " + significant(p.hi()) + "]",
                    p.identified() ? "" : "  not identified"));
        }
        FitErrors e = law.errors();
        lines.add(String.format(
                Locale.ROOT,
                "  fit: mean error %.2f %%, worst %.2f %%; intervals of %4$.0f %% from %3$d resamples",
                100 * e.are(),
                100 * e.maxAre(),
                law.bootstrap(),
                100 * law.level()));
        if (law.holdOut() != null) {
            add("  ", "hold-out, " + law.holdOut().rule() + ": " + law.holdOut().sentence());
        }
        if (law.optimalExponent() != null) {
            allocation(law);
        }
    }

    private void allocation(LawStudy law) {
        ParameterEstimate a = law.optimalExponent();
        add("  ", String.format(Locale.ROOT, "compute-optimal: N* ~ C^%.3f [%.3f, %.3f]", a.value(), a.lo(), a.hi()));
        for (Allocation plan : law.allocations()) {
            if (plan.beyond() > 1) {
                add(
                        "    ",
                        String.format(
                                Locale.ROOT,
                                "%.0fx the largest compute (%s FLOP): N* %s %s, D* %s, loss %.4f [%.4f, %.4f]",
                                plan.beyond(),
                                String.format(Locale.ROOT, "%.1e", plan.compute()),
                                Numbers.text(plan.n()),
                                between(plan.nLo(), plan.nHi()),
                                Numbers.text(plan.d()),
                                plan.loss(),
                                plan.lossLo(),
                                plan.lossHi()));
            }
        }
    }

    /** Four significant digits without units: parameters of a law are compared digit by digit. */
    private static String significant(double value) {
        if (!Double.isFinite(value)) {
            return Numbers.text(value);
        }
        double magnitude = Math.abs(value);
        if (magnitude >= 1e5 || (magnitude < 1e-3 && magnitude > 0)) {
            return String.format(Locale.ROOT, "%.3e", value);
        }
        int digits = magnitude == 0 ? 0 : Math.max(0, 3 - (int) Math.floor(Math.log10(magnitude)));
        return String.format(Locale.ROOT, "%." + digits + "f", value);
    }

    private void warnings() {
        if (result.warnings().isEmpty()) {
            return;
        }
        section("warnings");
        for (Warning w : result.warnings()) {
            add(
                    "  ! ",
                    (w.subject() == null ? "" : w.subject() + ": ")
                            + w.message()
                            + (w.remedy() == null ? "" : "; " + w.remedy()));
        }
    }
}
