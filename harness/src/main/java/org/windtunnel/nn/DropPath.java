package org.windtunnel.nn;

import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

/**
 * Stochastic depth (arXiv 1603.09382): in training each image's branch is left out with a probability, else divided by
 * that of being kept. Draws are a function of seed, block, pass and place in the micro-batch; they are made on the host
 * ahead of a pass.
 */
final class DropPath {
    private final Tensor factors;
    private final float[] drawn;
    private final double rate;
    private final long stream;
    private Rng rng;
    private long seed;

    /** @param rate probability of leaving a branch out */
    DropPath(ImageWiring w, int block, double rate) {
        this.factors = w.memory().take(w.batch());
        this.drawn = new float[w.batch()];
        this.rate = rate;
        this.stream = Rng.stream("drop_path." + block);
        if (w.backend() != null) {
            w.backend().fill(factors, 1);
        }
    }

    /** [B], for training passes. */
    Tensor factors() {
        return factors;
    }

    void draw(long newSeed, long pass) {
        if (rng == null || seed != newSeed) {
            rng = new Rng(newSeed, stream);
            seed = newSeed;
        }
        for (int b = 0; b < drawn.length; b++) {
            drawn[b] = rng.uniform(pass * drawn.length + b) < rate ? 0f : (float) (1 / (1 - rate));
        }
        factors.set(drawn);
    }
}
