package org.windtunnel.analysis.plan;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.DoubleUnaryOperator;
import java.util.stream.IntStream;

/**
 * Two families of models on their compute-optimal frontiers: which is better at which budget, where the curves cross,
 * and how sure that is, by pairs of resamples.
 *
 * @param rows at budgets from the measured to far beyond
 * @param crossing budget at which the better one changes, FLOP; null if it does not within the rows
 * @param lo lower end of its 95 % interval over the pairs of resamples that cross; NaN where none do
 * @param hi upper end
 * @param crossingShare share of the pairs of resamples that cross within the rows
 */
public record FamilyComparison(List<Row> rows, Double crossing, double lo, double hi, double crossingShare) {
    private static final int MOST_PAIRS = 500;
    private static final int BISECTIONS = 30;
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
        double[] range = rows.stream().mapToDouble(Row::compute).toArray();
        int pairs = Math.min(MOST_PAIRS, Math.min(first.resamples().length, second.resamples().length));
        double[] crossings = IntStream.range(0, pairs)
                .parallel()
                .mapToObj(i -> crossing(first, first.resamples()[i], second, second.resamples()[i], range))
                .filter(Objects::nonNull)
                .mapToDouble(c -> c)
                .sorted()
                .toArray();
        int cut = (int) Math.floor(0.025 * crossings.length);
        boolean none = crossings.length == 0;
        return new FamilyComparison(
                rows,
                crossing(first, first.parameters(), second, second.parameters(), range),
                none ? Double.NaN : crossings[cut],
                none ? Double.NaN : crossings[crossings.length - 1 - cut],
                pairs == 0 ? Double.NaN : (double) crossings.length / pairs);
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

    /** Where the sign of the difference of two families changes within a range of budgets; null if it does not. */
    private static Double crossing(Frontier first, double[] a, Frontier second, double[] b, double[] range) {
        DoubleUnaryOperator difference = c -> first.loss(a, c) - second.loss(b, c);
        for (int i = 1; i < range.length; i++) {
            double low = Math.log(range[i - 1]);
            double high = Math.log(range[i]);
            double sign = Math.signum(difference.applyAsDouble(range[i - 1]));
            if (sign == Math.signum(difference.applyAsDouble(range[i]))) {
                continue;
            }
            for (int k = 0; k < BISECTIONS; k++) {
                double middle = (low + high) / 2;
                if (Math.signum(difference.applyAsDouble(Math.exp(middle))) == sign) {
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
