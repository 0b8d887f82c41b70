package org.windtunnel.analysis.curve;

/**
 * A training curve as columns of equal length, by increasing step. Losses may be non-finite where a run diverged.
 *
 * @param step finished optimizer steps
 * @param tokens cumulative, this step included
 * @param flops cumulative, this step included
 * @param lr rate used in the step
 * @param loss of the step's batch before the update, nats per token
 * @param gradNorm global norm before clipping
 * @param tokensPerSecond throughput of the step
 * @param seconds since the run started
 */
public record Curve(
        long[] step,
        double[] tokens,
        double[] flops,
        double[] lr,
        double[] loss,
        double[] gradNorm,
        double[] tokensPerSecond,
        double[] seconds) {
    private static final double[] NONE = {};

    /** The curve of a run that has logged nothing yet, or whose log is read elsewhere. */
    public static Curve empty() {
        return new Curve(new long[0], NONE, NONE, NONE, NONE, NONE, NONE, NONE);
    }

    /** Number of lines. */
    public int size() {
        return step.length;
    }

    /** Mean loss over the last tenth of the lines (at least one); NaN without lines. */
    public double tailLoss() {
        if (loss.length == 0) {
            return Double.NaN;
        }
        int count = Math.max(1, loss.length / 10);
        double sum = 0;
        for (int i = loss.length - count; i < loss.length; i++) {
            sum += loss[i];
        }
        return sum / count;
    }

    /** Median throughput over the lines that have one; NaN without any. */
    public double medianTokensPerSecond() {
        double[] sorted = java.util.Arrays.stream(tokensPerSecond)
                .filter(v -> v > 0 && Double.isFinite(v))
                .sorted()
                .toArray();
        return sorted.length == 0 ? Double.NaN : 0.5 * (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]);
    }
}
