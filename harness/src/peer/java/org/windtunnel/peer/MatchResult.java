package org.windtunnel.peer;

import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * What came out of a match.
 *
 * @param descriptions what each contestant said of itself
 * @param losses of the first steps
 * @param rounds those that count
 */
record MatchResult(
        Workload workload,
        int threads,
        Map<Side, String> descriptions,
        Map<Side, double[]> losses,
        List<Match.Round> rounds) {

    /** Median wall time of a step over the rounds, ms. */
    double millis(Side side) {
        return Burst.median(perRound(round -> round.bursts().get(side).median()));
    }

    /** PyTorch's wall time over this side's, by round: above 1 this side is faster. */
    double[] ratios(Side side) {
        return perRound(round -> round.bursts().get(Side.TORCH).median() / round.bursts().get(side).median());
    }

    /** The same of processor time, which other programs on the machine disturb less; median over the rounds. */
    double cpuRatio(Side side) {
        return Burst.median(perRound(
                round -> round.bursts().get(Side.TORCH).cpuPerStep() / round.bursts().get(side).cpuPerStep()));
    }

    /** Largest share of the processors that other programs took in a round. */
    double others() {
        return rounds.stream().mapToDouble(Match.Round::others).max().orElse(0);
    }

    /** Largest difference of this side's losses from PyTorch's; infinite if one is not a number. */
    double lossDifference(Side side) {
        double largest = 0;
        for (int i = 0; i < Match.COMPARED_STEPS; i++) {
            double difference = Math.abs(losses.get(side)[i] - losses.get(Side.TORCH)[i]);
            largest = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : Math.max(largest, difference);
        }
        return largest;
    }

    private double[] perRound(ToDoubleFunction<Match.Round> value) {
        return rounds.stream().mapToDouble(value).toArray();
    }
}
