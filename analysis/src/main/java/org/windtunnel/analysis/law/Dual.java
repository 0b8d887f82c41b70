package org.windtunnel.analysis.law;

/**
 * A number with its gradient and Hessian with respect to the coordinates of a law: forward differentiation of second
 * order, exact to rounding. Immutable. A dual of dimension 0 is a plain number, so one formula serves for both.
 */
public final class Dual {
    final double value;
    final double[] gradient;
    /** Lower triangle by rows. */
    final double[] hessian;

    private Dual(double value, double[] gradient, double[] hessian) {
        this.value = value;
        this.gradient = gradient;
        this.hessian = hessian;
    }

    /** Coordinate {@code index} of {@code dimension}; dimension 0 for a value without derivatives. */
    static Dual variable(double value, int index, int dimension) {
        Dual dual = new Dual(value, new double[dimension], new double[dimension * (dimension + 1) / 2]);
        if (dimension > 0) {
            dual.gradient[index] = 1;
        }
        return dual;
    }

    /** The number alone. */
    public double value() {
        return value;
    }

    /** {@code f} of this, given its value and first two derivatives here. */
    private Dual chain(double f, double first, double second) {
        double[] g = new double[gradient.length];
        double[] h = new double[hessian.length];
        int k = 0;
        for (int i = 0; i < g.length; i++) {
            g[i] = first * gradient[i];
            double outer = second * gradient[i];
            for (int j = 0; j <= i; j++, k++) {
                h[k] = first * hessian[k] + outer * gradient[j];
            }
        }
        return new Dual(f, g, h);
    }

    public Dual plus(Dual other) {
        double[] g = new double[gradient.length];
        double[] h = new double[hessian.length];
        for (int i = 0; i < g.length; i++) {
            g[i] = gradient[i] + other.gradient[i];
        }
        for (int k = 0; k < h.length; k++) {
            h[k] = hessian[k] + other.hessian[k];
        }
        return new Dual(value + other.value, g, h);
    }

    public Dual plus(double constant) {
        return new Dual(value + constant, gradient, hessian);
    }

    public Dual minus(Dual other) {
        return plus(other.times(-1));
    }

    public Dual times(double factor) {
        return chain(value * factor, factor, 0);
    }

    public Dual times(Dual other) {
        double[] g = new double[gradient.length];
        double[] h = new double[hessian.length];
        int k = 0;
        for (int i = 0; i < g.length; i++) {
            g[i] = gradient[i] * other.value + value * other.gradient[i];
            for (int j = 0; j <= i; j++, k++) {
                h[k] = hessian[k] * other.value
                        + value * other.hessian[k]
                        + gradient[i] * other.gradient[j]
                        + gradient[j] * other.gradient[i];
            }
        }
        return new Dual(value * other.value, g, h);
    }

    public Dual over(Dual other) {
        double r = 1 / other.value;
        return times(other.chain(r, -r * r, 2 * r * r * r));
    }

    public Dual exp() {
        double e = Math.exp(value);
        return chain(e, e, e);
    }

    /** Natural logarithm; NaN below 0. */
    public Dual log() {
        return chain(Math.log(value), 1 / value, -1 / (value * value));
    }

    /** A positive number to a power. */
    public Dual pow(Dual exponent) {
        return log().times(exponent).exp();
    }

    /** A positive constant, given as its logarithm, to the power of this. */
    public Dual powerOf(double lnBase) {
        return times(lnBase).exp();
    }

    /** ln(1 + exp of this) without overflow. */
    public Dual softplus() {
        double sigmoid = 1 / (1 + Math.exp(-value));
        double f = value > 30 ? value + Math.exp(-value) : Math.log1p(Math.exp(value));
        return chain(f, sigmoid, sigmoid * (1 - sigmoid));
    }

    /** 1 - exp(-this), exact near 0. */
    public Dual saturation() {
        double e = Math.exp(-value);
        return chain(-Math.expm1(-value), e, -e);
    }

    /** Logarithm of the gamma function of a positive number. */
    public Dual lnGamma() {
        return chain(Gamma.ln(value), Gamma.digamma(value), Gamma.trigamma(value));
    }

    /** Writes the derivatives where a law's caller expects them. */
    double into(Jet jet) {
        System.arraycopy(gradient, 0, jet.gradient, 0, gradient.length);
        System.arraycopy(hessian, 0, jet.hessian, 0, hessian.length);
        return value;
    }
}
