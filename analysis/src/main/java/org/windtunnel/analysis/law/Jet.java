package org.windtunnel.analysis.law;

/** Gradient and Hessian of ln L with respect to theta; one is reused for many points. */
public final class Jet {
    /** Gradient. */
    public final double[] gradient;
    /** Lower triangle of the Hessian by rows: entry (i, j) with j <= i is at i (i + 1) / 2 + j. */
    public final double[] hessian;

    public Jet(int dimension) {
        gradient = new double[dimension];
        hessian = new double[dimension * (dimension + 1) / 2];
    }

    /** Entry of the Hessian. */
    public double hessian(int i, int j) {
        return i >= j ? hessian[i * (i + 1) / 2 + j] : hessian(j, i);
    }
}
