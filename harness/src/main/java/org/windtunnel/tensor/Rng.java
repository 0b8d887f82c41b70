package org.windtunnel.tensor;

/**
 * Counter-based random numbers: every draw is a pure function of (seed, stream, index), so nothing needs saving to
 * resume and any worker can compute any draw.
 *
 * <p>Philox 4x32-10 of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
 */
public final class Rng {
    private static final int M0 = 0xD2511F53;
    private static final int M1 = 0xCD9E8D57;
    private static final int W0 = 0x9E3779B9;
    private static final int W1 = 0xBB67AE85;
    private static final double TWO_POW_MINUS_53 = 0x1.0p-53;

    private final int key0;
    private final int key1;
    private final int stream0;
    private final int stream1;

    /** @param stream separates independent uses of one seed (data order, each parameter's init, ...) */
    public Rng(long seed, long stream) {
        this.key0 = (int) seed;
        this.key1 = (int) (seed >>> 32);
        this.stream0 = (int) stream;
        this.stream1 = (int) (stream >>> 32);
    }

    /** A stream number from a name, by 64-bit FNV-1a. */
    public static long stream(String name) {
        long h = 0xcbf29ce484222325L;
        for (int i = 0; i < name.length(); i++) {
            h = (h ^ name.charAt(i)) * 0x100000001b3L;
        }
        return h;
    }

    /** Draw {@code index} as 64 uniform bits. */
    public long bits(long index) {
        return block(index, false);
    }

    /** Draw {@code index}, uniform in [0, 1) with 53 bits. */
    public double uniform(long index) {
        return (bits(index) >>> 11) * TWO_POW_MINUS_53;
    }

    /** Draw {@code index}, uniform in [0, bound). The bias of the multiply-high reduction is below bound / 2^63. */
    public long below(long index, long bound) {
        if (bound <= 0) {
            throw new IllegalArgumentException("bound must be positive, found " + bound);
        }
        return Math.multiplyHigh(bits(index) >>> 1, bound << 1);
    }

    /** Draw {@code index}, standard normal (Box-Muller on the two halves of one Philox block). */
    public double gaussian(long index) {
        double u1 = ((block(index, false) >>> 11) + 1) * TWO_POW_MINUS_53;
        double u2 = (block(index, true) >>> 11) * TWO_POW_MINUS_53;
        return Math.sqrt(-2 * StrictMath.log(u1)) * StrictMath.cos(2 * Math.PI * u2);
    }

    private long block(long index, boolean second) {
        int c0 = (int) index;
        int c1 = (int) (index >>> 32);
        int c2 = stream0;
        int c3 = stream1;
        int k0 = key0;
        int k1 = key1;
        for (int round = 0; round < 10; round++) {
            long p0 = (M0 & 0xFFFFFFFFL) * (c0 & 0xFFFFFFFFL);
            long p1 = (M1 & 0xFFFFFFFFL) * (c2 & 0xFFFFFFFFL);
            int n0 = (int) (p1 >>> 32) ^ c1 ^ k0;
            int n2 = (int) (p0 >>> 32) ^ c3 ^ k1;
            c1 = (int) p1;
            c3 = (int) p0;
            c0 = n0;
            c2 = n2;
            k0 += W0;
            k1 += W1;
        }
        return second ? (c2 & 0xFFFFFFFFL) << 32 | (c3 & 0xFFFFFFFFL) : (c0 & 0xFFFFFFFFL) << 32 | (c1 & 0xFFFFFFFFL);
    }
}
