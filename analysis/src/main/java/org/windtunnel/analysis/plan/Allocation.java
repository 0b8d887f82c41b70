package org.windtunnel.analysis.plan;

import org.windtunnel.analysis.Numbers;

/**
 * The best split of a compute budget C = 6 N D between parameters and tokens, with bootstrap intervals.
 *
 * @param compute budget, FLOP
 * @param n optimal parameters
 * @param nLo lower end of its interval
 * @param nHi upper end
 * @param d optimal tokens
 * @param dLo lower end
 * @param dHi upper end
 * @param loss predicted loss there, nats per token
 * @param lossLo lower end
 * @param lossHi upper end
 * @param beyond compute over the largest measured compute: above 1 it is an extrapolation
 */
public record Allocation(
        double compute,
        double n,
        double nLo,
        double nHi,
        double d,
        double dLo,
        double dHi,
        double loss,
        double lossLo,
        double lossHi,
        double beyond) {

    /** Splits are looked for between these; one at an end of the range is no optimum. */
    static final double LEAST_TOKENS_PER_PARAMETER = 1e-3;

    static final double MOST_TOKENS_PER_PARAMETER = 1e7;
    private static final double AT_THE_END = 1.01;

    /**
     * Whether the law has an optimum among splits that anyone would train. One that can hardly tell what parameters buy
     * would spend all on tokens.
     */
    public boolean hasOptimum() {
        double ratio = d / n;
        return ratio > LEAST_TOKENS_PER_PARAMETER * AT_THE_END && ratio < MOST_TOKENS_PER_PARAMETER / AT_THE_END;
    }

    /** The range of splits for messages. */
    public static String range() {
        return Numbers.text(LEAST_TOKENS_PER_PARAMETER) + " and " + Numbers.text(MOST_TOKENS_PER_PARAMETER)
                + " tokens per parameter";
    }
}
