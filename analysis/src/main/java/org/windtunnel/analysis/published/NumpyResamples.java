package org.windtunnel.analysis.published;

import org.hipparchus.random.MersenneTwister;

/** Resamples as numpy's {@code RandomState(seed).choice(n, n)} draws them, one after the other. */
final class NumpyResamples {
    private NumpyResamples() {}

    /** How often each of {@code points} was drawn, by resample. */
    static double[][] weights(int seed, int points, int resamples) {
        MersenneTwister generator = new MersenneTwister(seed);
        int mask = Integer.highestOneBit(points - 1) * 2 - 1;
        double[][] weights = new double[resamples][points];
        for (double[] row : weights) {
            for (int i = 0; i < points; i++) {
                int drawn = generator.nextInt() & mask;
                while (drawn >= points) {
                    drawn = generator.nextInt() & mask;
                }
                row[drawn]++;
            }
        }
        return weights;
    }
}
