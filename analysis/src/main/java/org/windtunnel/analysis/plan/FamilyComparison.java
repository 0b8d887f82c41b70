package org.windtunnel.analysis.plan;

import java.util.ArrayList;
import java.util.List;

/**
 * Two families of models on their compute-optimal frontiers: which is better at which budget, where the curves cross,
 * and how sure that is, by pairs of resamples.
 *
 * @param rows at budgets from the measured to far beyond
 * @param crossing budget at which the better one changes, FLOP; null if it does not within the rows
 */
public record FamilyComparison(List<Row> rows, Double crossing) {
    private static final double[] FACTORS = {0.01, 0.1, 1, 10, 100, 1000};

    /**
     * One budget.
     *
     * @param compute FLOP
     * @param beyond in multiples of the measured compute
     * @param first loss of the first family, nats
     * @param second loss of the second
     * @param firstBetter share of the resamples in which the first has the lower loss; beyond 97.5 % or below 2.5 % the
     *     difference is significant at 95 %
     */
    public record Row(double compute, double beyond, double first, double second, double firstBetter) {

        /** Whether the sign of the difference is told at 95 %. */
        public boolean significant() {
            return firstBetter >= 0.975 || firstBetter <= 0.025;
        }
    }

    /** Compares two frontiers. */
    public static FamilyComparison of(Frontier first, Frontier second) {
        double measured = Math.min(first.measured(), second.measured());
        List<Row> rows = new ArrayList<>();
        for (double factor : FACTORS) {
            double compute = factor * measured;
            rows.add(new Row(
                    compute,
                    factor,
                    first.loss(first.parameters(), compute),
                    second.loss(second.parameters(), compute),
                    share(first, second, compute)));
        }
        return new FamilyComparison(rows, crossing(first, second, rows));
    }

    private static double share(Frontier first, Frontier second, double compute) {
        int pairs = Math.min(first.resamples().length, second.resamples().length);
        int better = 0;
        for (int i = 0; i < pairs; i++) {
            if (first.loss(first.resamples()[i], compute) < second.loss(second.resamples()[i], compute)) {
                better++;
            }
        }
        return pairs == 0 ? Double.NaN : (double) better / pairs;
    }

    private static double difference(Frontier first, Frontier second, double compute) {
        return first.loss(first.parameters(), compute) - second.loss(second.parameters(), compute);
    }

    private static Double crossing(Frontier first, Frontier second, List<Row> rows) {
        for (int i = 1; i < rows.size(); i++) {
            double low = Math.log(rows.get(i - 1).compute);
            double high = Math.log(rows.get(i).compute);
            double sign = Math.signum(difference(first, second, Math.exp(low)));
            if (sign == Math.signum(difference(first, second, Math.exp(high)))) {
                continue;
            }
            for (int k = 0; k < 50; k++) {
                double middle = (low + high) / 2;
                if (Math.signum(difference(first, second, Math.exp(middle))) == sign) {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            return Math.exp(low);
        }
        return null;
    }
}
