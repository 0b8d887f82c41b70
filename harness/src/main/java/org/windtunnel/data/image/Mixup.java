package org.windtunnel.data.image;

import org.windtunnel.data.Permutation;
import org.windtunnel.tensor.Rng;

/**
 * Who is mixed with whom, and how much (Zhang et al., arXiv 1710.09412): a weight λ from Beta(α, α) and a permutation of
 * the batch for each step, functions of the seed and the step.
 */
final class Mixup {
    private static final int DRAWS = 1 << 10;

    private final double alpha;
    private final int batch;
    private final Rng weights;
    private final Rng partners;

    /** @param alpha 0 for no mixing */
    Mixup(double alpha, int batch, long seed) {
        this.alpha = alpha;
        this.batch = batch;
        this.weights = new Rng(seed, Rng.stream("mixup"));
        this.partners = new Rng(seed, Rng.stream("mixup partners"));
    }

    boolean mixes() {
        return alpha > 0;
    }

    /** Example of the same step that example {@code i} is mixed with; perhaps itself. */
    int partner(long step, int i) {
        return (int) Permutation.apply(partners, step, batch, i);
    }

    /**
     * Weight of an example itself; its partner has the rest.
     *
     * <p>Jöhnk's method (1964): x = u^(1/α) and y = v^(1/α), drawn until x + y ≤ 1, give x / (x + y). The acceptance is at
     * least 1/70 for α up to 4, so the draws of a step run out with a probability below 1e-6; the last is taken then.
     */
    double weight(long step) {
        double x = 1;
        double y = 1;
        for (int i = 0; i < DRAWS / 2; i++) {
            long draw = step * DRAWS + 2L * i;
            // log u / α underflows where u^(1/α) would; the larger of the two is scaled to 1 below.
            double logX = Math.log1p(-weights.uniform(draw)) / alpha;
            double logY = Math.log1p(-weights.uniform(draw + 1)) / alpha;
            if (Math.exp(logX) + Math.exp(logY) <= 1) {
                double larger = Math.max(logX, logY);
                x = Math.exp(logX - larger);
                y = Math.exp(logY - larger);
                break;
            }
        }
        return x / (x + y);
    }
}
