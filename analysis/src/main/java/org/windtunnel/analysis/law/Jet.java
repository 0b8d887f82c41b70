package org.windtunnel.analysis.law;

/** Gradient and Hessian of ln L with respect to theta; one is reused for many points. */
public final class Jet {
    /** Gradient. */
    public final double[] gradient;
    /** Hessian, symmetric, all entries filled. */
    public final double[][] hessian;

    public Jet(int dimension) {
        gradient = new double[dimension];
        hessian = new double[dimension][dimension];
    }
}
