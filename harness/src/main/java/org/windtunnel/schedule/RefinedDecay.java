package org.windtunnel.schedule;

import org.windtunnel.config.ConfigException;

/**
 * The refined linear decay of Defazio et al., "When, Why and How Much?" (arXiv 2310.07831), theorem 3: with weights
 * w_t = G_t^-power the rate is η_t ∝ w_t Σ_{k>t} w_k.
 */
public final class RefinedDecay {
    private RefinedDecay() {}

    /**
     * The factors, scaled to a maximum of 1; the last is 0. Equal norms give an exactly linear decay.
     *
     * @param norms smoothed gradient norms G_1 .. G_T, all positive
     * @param power 2 for SGD with l2 norms, 1 for Adam-like optimizers
     * @throws ConfigException if there are fewer than two norms, or one is not positive and finite
     */
    public static double[] of(double[] norms, double power) {
        if (norms.length < 2) {
            throw new ConfigException("schedule: a refined decay needs at least two steps, found " + norms.length);
        }
        double[] out = new double[norms.length];
        double later = 0;
        double largest = 0;
        for (int t = norms.length - 1; t >= 0; t--) {
            if (!(norms[t] > 0) || Double.isInfinite(norms[t])) {
                throw new ConfigException("schedule: expected positive finite gradient norms, found " + norms[t]
                        + " at step " + t + "; give the norms of a run that did not diverge");
            }
            double weight = Math.pow(norms[t], -power);
            out[t] = weight * later;
            later += weight;
            largest = Math.max(largest, out[t]);
        }
        for (int t = 0; t < out.length; t++) {
            out[t] /= largest;
        }
        return out;
    }
}
