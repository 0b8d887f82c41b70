package org.windtunnel.analysis.transfer;

/** Quantiles that intervals need. */
public final class Gaussian {
    /** 97.5 % quantile of the standard normal. */
    public static final double Z95 = 1.959963984540054;

    private Gaussian() {}

    /** 97.5 % quantile of Student's t: exact for 1 and 2 degrees of freedom, else Cornish–Fisher (error below 1 %). */
    public static double t95(int dof) {
        if (dof == 1) {
            return Math.tan(Math.PI * 0.475);
        }
        if (dof == 2) {
            return 0.95 * Math.sqrt(2 / (1 - 0.95 * 0.95));
        }
        double z = Z95;
        double z3 = z * z * z;
        double z5 = z3 * z * z;
        double z7 = z5 * z * z;
        double v = dof;
        return z
                + (z3 + z) / (4 * v)
                + (5 * z5 + 16 * z3 + 3 * z) / (96 * v * v)
                + (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * v * v * v);
    }
}
