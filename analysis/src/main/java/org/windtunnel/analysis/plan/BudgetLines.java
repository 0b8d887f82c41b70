package org.windtunnel.analysis.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.Numbers;
import org.windtunnel.analysis.fit.Bootstrap;
import org.windtunnel.analysis.fit.FitFile;
import org.windtunnel.analysis.fit.FittedLaw;
import org.windtunnel.analysis.fit.TableFit;

/** A plan for a big run, and comparisons of families, as lines of text. */
public final class BudgetLines {
    private BudgetLines() {}

    /** What a split means, with how far it extrapolates. */
    public static List<String> of(TableFit fit, Allocation a) {
        List<String> lines = new ArrayList<>();
        lines.add("plan by " + fit.formula() + " (" + fit.source() + ", " + fit.points() + " rows)");
        lines.add("  compute      " + Numbers.text(a.compute()) + " FLOP (C = 6 N D)");
        lines.add("  parameters   " + Numbers.text(a.n()) + interval(a.nLo(), a.nHi()));
        lines.add("  tokens       " + Numbers.text(a.d()) + interval(a.dLo(), a.dHi()) + ", "
                + Numbers.text(a.d() / a.n()) + " per parameter");
        lines.add(String.format(
                Locale.ROOT, "  loss         %.4f [%.4f, %.4f] nats per token", a.loss(), a.lossLo(), a.lossHi()));
        if (!a.hasOptimum()) {
            lines.add("  ! this law has no best split between " + Allocation.range()
                    + ", so it does not tell how to divide a budget");
        }
        if (a.beyond() > 1) {
            lines.add(
                    "  ! " + Numbers.text(a.beyond()) + " times the largest compute that was measured: an extrapolation"
                            + (a.beyond() > 100
                                    ? " by more than two decades; the intervals know nothing of a change of law"
                                    : ""));
        }
        fit.weaknesses()
                .forEach(w -> lines.add("  ! " + (w.parameter() == null ? "" : w.parameter() + ": ") + w.message()));
        return lines;
    }

    private static String interval(double lo, double hi) {
        return Double.isNaN(lo) ? "" : " [" + Numbers.text(lo) + ", " + Numbers.text(hi) + "]";
    }

    /**
     * What a fitted law of a hyperparameter, such as the learning rate, says at a size and a budget.
     *
     * @throws AnalysisException for a law of the loss, or of other inputs than N and D
     */
    public static List<String> of(TableFit hyper, double n, double d) {
        if (hyper.output().equals("loss") || !List.of("N", "D").containsAll(hyper.inputs())) {
            throw new AnalysisException("expected a law of a hyperparameter in N and D to recommend it by, found "
                    + hyper.formula() + ". Fit lr-law, batch-law or horizon-law.");
        }
        FittedLaw law = FitFile.law(hyper);
        Bootstrap bootstrap = FitFile.bootstrap(hyper);
        double[] inputs = hyper.inputs().stream().mapToDouble(i -> i.equals("N") ? n : d).toArray();
        Bootstrap.Interval interval = bootstrap.prediction(inputs);
        List<String> lines = new ArrayList<>();
        lines.add("  " + String.format(Locale.ROOT, "%-12s ", hyper.output()) + Numbers.text(law.predict(inputs))
                + interval(interval.lo(), interval.hi()) + " by " + hyper.formula());
        for (int j = 0; j < inputs.length; j++) {
            double factor = inputs[j] / hyper.measured()[j][1];
            if (factor > 1) {
                lines.add("  ! " + hyper.inputs().get(j) + " is " + Numbers.text(factor)
                        + " times the largest that this law was fitted to");
            }
        }
        return lines;
    }

    /** Which family is better where. */
    public static List<String> of(String first, String second, FamilyComparison comparison) {
        List<String> lines = new ArrayList<>();
        lines.add("on the compute-optimal frontiers (A: " + first + ", B: " + second + ")");
        lines.add(String.format("  %12s %10s %10s %10s  %s", "FLOP", "measured x", "A", "B", "A better in"));
        for (FamilyComparison.Row row : comparison.rows()) {
            lines.add(String.format(
                    Locale.ROOT,
                    "  %12s %10s %10.4f %10.4f  %.1f %% of resamples%s",
                    Numbers.text(row.compute()),
                    Numbers.text(row.beyond()),
                    row.first(),
                    row.second(),
                    100 * row.firstBetter(),
                    row.significant() ? "" : ": not significant"));
        }
        lines.add(comparison.crossing() == null
                ? "  the curves do not cross in this range"
                : "  the curves cross at " + Numbers.text(comparison.crossing()) + " FLOP"
                        + interval(comparison.lo(), comparison.hi()));
        if (!Double.isNaN(comparison.crossingShare())) {
            lines.add(String.format(
                    Locale.ROOT,
                    "  they cross in this range in %.1f %% of the pairs of resamples",
                    100 * comparison.crossingShare()));
        }
        return lines;
    }
}
