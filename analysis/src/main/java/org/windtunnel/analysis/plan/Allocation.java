package org.windtunnel.analysis.plan;

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
        double beyond) {}
