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

/** The outcome of a study as text for a terminal of 100 columns. */
public final class Verdict {
    private final StudyResult result;
    private final List<String> lines = new ArrayList<>();

    private Verdict(StudyResult result) {
        this.result = result;
    }

    /** The lines, none longer than 100 characters. */
    public static List<String> lines(StudyResult result) {
        Verdict verdict = new Verdict(result);
        verdict.runs();
        verdict.lines.addAll(TransferLines.of(result.transfer(), result.options()));
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

    private void add(String prefix, String text) {
        lines.addAll(Wrapped.lines(prefix, text));
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
                add("    ", String.format(
                        Locale.ROOT, "%.0fx the largest compute (%.1e FLOP): ", plan.beyond(), plan.compute())
                        + split(plan));
            }
        }
    }

    private static String split(Allocation plan) {
        return plan.hasOptimum()
                ? String.format(
                        Locale.ROOT,
                        "N* %s %s, D* %s, loss %.4f [%.4f, %.4f]",
                        Numbers.text(plan.n()),
                        TransferLines.between(plan.nLo(), plan.nHi()),
                        Numbers.text(plan.d()),
                        plan.loss(),
                        plan.lossLo(),
                        plan.lossHi())
                : "no best split between " + Allocation.range();
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
