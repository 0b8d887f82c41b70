package org.windtunnel.nn;

import java.util.ArrayList;
import java.util.List;
import org.windtunnel.backend.Backend;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

/**
 * Stochastic depth (arXiv 1603.09382): in training each image's branch is left out with a probability, which grows evenly
 * from block to block, else divided by that of being kept. Draws are a function of seed, block, pass and place in the
 * micro-batch; they are made on the host ahead of a pass, for all blocks at once.
 */
final class DropPath {
    private final Tensor factors;
    private final float[] drawn;
    private final double last;
    private final int blocks;
    private final int batch;
    private final List<Rng> rngs = new ArrayList<>();
    private long seed;

    /**
     * @param backend null with memory that only counts
     * @param last probability of leaving the last block's branch out
     */
    DropPath(Backend backend, int blocks, double last, int batch, Allocator memory) {
        this.factors = memory.take(blocks, batch);
        this.drawn = new float[blocks * batch];
        this.last = last;
        this.blocks = blocks;
        this.batch = batch;
        if (backend != null) {
            backend.fill(factors, 1);
        }
    }

    /** What a block's branch is multiplied by in training passes, [B]. */
    Tensor factors(int block) {
        return factors.slice((long) block * batch, batch);
    }

    void draw(long newSeed, long pass) {
        if (rngs.isEmpty() || seed != newSeed) {
            rngs.clear();
            for (int block = 0; block < blocks; block++) {
                rngs.add(new Rng(newSeed, Rng.stream("drop_path." + block)));
            }
            seed = newSeed;
        }
        for (int i = 0; i < drawn.length; i++) {
            double rate = last * (i / batch + 1) / blocks;
            double draw = rngs.get(i / batch).uniform(pass * batch + i % batch);
            drawn[i] = draw < rate ? 0f : (float) (1 / (1 - rate));
        }
        factors.set(drawn);
    }
}
