package org.windtunnel.analysis.law;

/**
 * A law that is linear in its coefficients once its exponents are given, so that variable projection applies: a search
 * over the exponents alone, with a linear least-squares problem inside.
 */
public interface Separable extends Law {

    /** How many exponents. */
    int exponents();

    /** Value of each term without its coefficient, the constant's being 1. */
    double[] basis(double[] exponents, double[] x);

    /** Internal coordinates of exponents and coefficients; a coefficient of 0 becomes a very small one. */
    double[] join(double[] exponents, double[] coefficients);
}
