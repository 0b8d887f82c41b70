package org.windtunnel.analysis.law;

import org.windtunnel.analysis.AnalysisException;

/**
 * The learning rate of every step of a run and the two areas of it that annealing laws use: S1(s) = SUM_{k<=s} eta_k and
 * S2(s) = SUM_{k<=s} m_k with the momentum m_k = lambda m_{k-1} + (eta_{k-1} - eta_k) of its decrements (Tissue et al.,
 * arXiv 2408.11029, eq. 3). Annealing counts only after the warm-up. Steps count from 0. Immutable.
 */
public final class LearningRateTrace {
    private final double[] rate;
    private final double[] area;
    private final int warmup;

    /**
     * @param rate by step, not copied, not to be changed
     * @param warmup steps of warm-up, whose rise is no (negative) annealing
     * @throws AnalysisException for a rate that is negative or not finite
     */
    public LearningRateTrace(double[] rate, int warmup) {
        this.rate = rate;
        this.warmup = warmup;
        area = new double[rate.length];
        double sum = 0;
        for (int k = 0; k < rate.length; k++) {
            if (!(rate[k] >= 0) || Double.isInfinite(rate[k])) {
                throw new AnalysisException(
                        "Step " + k + " of a learning-rate trace: expected a rate of 0 or more, found " + rate[k]
                                + ". Correct the column or leave the run out.");
            }
            sum += rate[k];
            area[k] = sum;
        }
    }

    public int steps() {
        return rate.length;
    }

    /** Steps of warm-up. */
    public int warmup() {
        return warmup;
    }

    /** Learning rate of a step. */
    public double rate(int step) {
        return rate[step];
    }

    /** S1 up to and including a step. */
    public double area(int step) {
        return area[step];
    }

    /** S2 by step for a decay factor lambda of the momentum, such as 0.999. */
    public double[] annealing(double lambda) {
        double[] s2 = new double[rate.length];
        double momentum = 0;
        double sum = 0;
        for (int k = Math.max(1, warmup + 1); k < rate.length; k++) {
            momentum = lambda * momentum + (rate[k - 1] - rate[k]);
            sum += momentum;
            s2[k] = sum;
        }
        return s2;
    }
}
