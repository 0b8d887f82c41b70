package org.windtunnel.backend;

import org.windtunnel.tensor.Rng;

/** Shapes, options and values of the random kernel cases of one seed. */
final class CaseDraws {
    /** Sizes around the vector widths and block sizes of fast kernels, and ones that are next to nothing. */
    private static final int[] SMALL = {1, 2, 3, 4, 5, 7, 8, 9, 13, 15, 16, 17};

    private static final int[] LARGE = {1, 3, 16, 31, 33, 48, 63, 64, 65, 97, 128, 130, 255};

    private final Rng rng;
    private final int[] sizes;
    private int draws;

    /** @param large draws sizes that reach the threaded and blocked paths */
    CaseDraws(long seed, String kernel, boolean large) {
        this.rng = new Rng(seed, Rng.stream(kernel));
        this.sizes = large ? LARGE : SMALL;
    }

    /** A size. */
    int size() {
        return sizes[below(sizes.length)];
    }

    /** A number in [0, bound). */
    int below(int bound) {
        return (int) rng.below(draws++, bound);
    }

    boolean flag() {
        return below(2) == 1;
    }

    /** Standard normal values that single precision holds exactly. */
    double[] normal(int count) {
        return TestTensors.normal(rng, 1 << 20 | draws++, count);
    }

    /** Uniform values in [low, high) that single precision holds exactly. */
    double[] uniform(int count, double low, double high) {
        double[] values = new double[count];
        long base = (long) (1 << 21 | draws++) << 32;
        for (int i = 0; i < count; i++) {
            values[i] = (float) (low + (high - low) * rng.uniform(base | i));
        }
        return values;
    }

    /** Token ids in [0, vocabulary). */
    int[] ids(int count, int vocabulary) {
        int[] ids = new int[count];
        for (int i = 0; i < count; i++) {
            ids[i] = below(vocabulary);
        }
        return ids;
    }
}
