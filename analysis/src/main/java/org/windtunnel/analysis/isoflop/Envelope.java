package org.windtunnel.analysis.isoflop;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.analysis.table.DataTable;

/**
 * The lower envelope of training curves (Hoffmann et al., arXiv 2203.15556, approach 1): at each of many compute budgets
 * the run that has the least loss there.
 */
public final class Envelope {
    private Envelope() {}

    /**
     * A training curve, smoothed.
     *
     * @param size parameters
     * @param compute spent so far, FLOP, increasing
     * @param loss by point
     */
    public record TrainingCurve(double size, double[] compute, double[] loss) {

        /** Loss at a budget, linear in ln compute; infinite outside of the curve. */
        double at(double budget) {
            int i = Arrays.binarySearch(compute, budget);
            if (i >= 0) {
                return loss[i];
            }
            int next = -i - 1;
            if (next == 0 || next == compute.length) {
                return Double.POSITIVE_INFINITY;
            }
            double share = Math.log(budget / compute[next - 1]) / Math.log(compute[next] / compute[next - 1]);
            return loss[next - 1] + share * (loss[next] - loss[next - 1]);
        }
    }

    /** Curves of a table with columns run, N, C and loss, the rows of a run by increasing C. */
    public static List<TrainingCurve> curves(DataTable table) {
        Map<String, List<DataTable.Row>> runs = new LinkedHashMap<>();
        table.rows().forEach(r -> runs.computeIfAbsent(r.text("run"), name -> new ArrayList<>()).add(r));
        return runs.values().stream()
                .map(rows -> new TrainingCurve(
                        rows.get(0).number("N"),
                        rows.stream().mapToDouble(r -> r.number("C")).toArray(),
                        rows.stream().mapToDouble(r -> r.number("loss")).toArray()))
                .toList();
    }

    /**
     * Sizes of least loss.
     *
     * @param budgets how many, at equal ratios over the range that the curves cover; Hoffmann et al. take 1500
     */
    public static List<IsoFlop.Minimum> of(List<TrainingCurve> curves, int budgets) {
        double low = curves.stream().mapToDouble(c -> c.compute[0]).min().orElseThrow();
        double high = curves.stream().mapToDouble(c -> c.compute[c.compute.length - 1]).max().orElseThrow();
        List<IsoFlop.Minimum> minima = new ArrayList<>();
        for (int i = 0; i < budgets; i++) {
            double budget = low * Math.pow(high / low, i / (budgets - 1.0));
            TrainingCurve best = null;
            for (TrainingCurve curve : curves) {
                if (best == null || curve.at(budget) < best.at(budget)) {
                    best = curve;
                }
            }
            if (best != null && Double.isFinite(best.at(budget))) {
                minima.add(new IsoFlop.Minimum(budget, best.size, best.at(budget), Double.NaN, true));
            }
        }
        return minima;
    }
}
