package org.windtunnel.config;

/** Published polynomials X ← aX + (bA + cA²)X with A = XXᵀ; the last one repeats. */
public enum NewtonSchulzCoefficients {
    KELLER_JORDAN(new double[][] {{3.4445, -4.7750, 2.0315}}),
    DION(new double[][] {
        {4.0848, -6.8946, 2.9270},
        {3.9505, -6.3029, 2.6377},
        {3.7418, -5.5913, 2.3037},
        {2.8769, -3.1427, 1.2046},
        {2.8366, -3.0525, 1.2012}
    }),
    POLAR_EXPRESS(new double[][] {
        {8.1566, -22.4833, 15.8788},
        {4.0429, -2.8089, 0.5000},
        {3.8917, -2.7725, 0.5061},
        {3.2858, -2.3681, 0.4645},
        {2.3465, -1.7098, 0.4232}
    });

    private final double[][] rows;

    NewtonSchulzCoefficients(double[][] rows) {
        this.rows = rows;
    }

    /** {a, b, c} of an iteration, counted from 0. */
    public double[] at(int iteration) {
        return rows[Math.min(iteration, rows.length - 1)];
    }
}
