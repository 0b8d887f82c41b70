package org.windtunnel.data;

import org.windtunnel.tensor.Rng;

/**
 * A pseudo-random permutation of [0, n) that computes any element on its own, in constant memory.
 *
 * <p>A balanced Feistel network on the next power of four, walked along its cycle until it lands inside [0, n) (Black
 * and Rogaway, "Ciphers with arbitrary finite domains", CT-RSA 2002).
 */
public final class Permutation {
    private static final int ROUNDS = 8;

    private Permutation() {}

    /**
     * Image of {@code index} under permutation number {@code which} of [0, n).
     *
     * @param n at most 2^62
     */
    public static long apply(Rng rng, long which, long n, long index) {
        int half = (65 - Long.numberOfLeadingZeros(Math.max(1, n - 1))) / 2;
        long mask = (1L << half) - 1;
        long x = index;
        do {
            long left = x >>> half;
            long right = x & mask;
            for (int round = 0; round < ROUNDS; round++) {
                long next = left ^ (mix(right ^ rng.bits(which * ROUNDS + round)) & mask);
                left = right;
                right = next;
            }
            x = left << half | right;
        } while (x >= n);
        return x;
    }

    /** The finalizer of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014). */
    private static long mix(long z) {
        long a = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
        return b ^ (b >>> 31);
    }
}
