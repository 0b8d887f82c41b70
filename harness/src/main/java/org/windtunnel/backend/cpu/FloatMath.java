package org.windtunnel.backend.cpu;

/**
 * Scalar single-precision functions; {@link VectorLanes} evaluates the same operations in the same order, so that an
 * element's value does not depend on whether it fell into a vector or into the tail of a row.
 *
 * <p>NaN arguments give NaN, so divergence stays visible.
 */
final class FloatMath {
    /** A CPU with AVX but without FMA (2011 to 2012) would run {@link Math#fma} in software. */
    static final boolean HAS_FMA = org.windtunnel.backend.Natives.features().hasFma();

    static final float EXP_LOW = -88.1f;
    static final float EXP_HIGH = 88.37f;
    static final float LOG2_E = 1.44269504f;
    /** Adding it leaves round(x) + 127, the biased exponent of 2^round(x), in the low mantissa bits. */
    static final float EXPONENT_MAGIC = 12582912f + 127f;
    /** ln 2 in two parts; the high part has 9 significant bits, so its products with exponents are exact. */
    static final float LN2_HIGH = 0.693359375f;
    static final float LN2_LOW = -2.12194440e-4f;
    /** Minimax of (e^r - 1 - r) / r² on |r| ≤ ln(2)/2, relative to e^r: 3.1e-9. */
    static final float E2 = 0.49999994f;
    static final float E3 = 0.16666521f;
    static final float E4 = 0.04166839f;
    static final float E5 = 0.008368716f;
    static final float E6 = 0.0013814601f;

    /** sqrt(8/π), twice the constant of the tanh form of GELU. */
    static final float TWO_SQRT_2_OVER_PI = 1.5957691f;
    static final float GELU_CUBIC = 0.044715f;

    static final float INV_SQRT_2PI = 0.3989423f;
    /** Φ(-a) = exp(-a²/2) · Q(1 / (1 + 0.3a)) for a in [0, 14.5], relative minimax error 5.8e-8. */
    static final float Q_SCALE = 0.3f;
    static final float Q0 = 7.372485e-06f;
    static final float Q1 = 0.11948421f;
    static final float Q2 = 0.12194528f;
    static final float Q3 = 0.094585806f;
    static final float Q4 = 0.14276543f;
    static final float Q5 = -0.0768399f;
    static final float Q6 = 0.228952f;
    static final float Q7 = -0.16930757f;
    static final float Q8 = 0.038407415f;
    private FloatMath() {}

    /** a·b + c, in one rounding where the CPU can. */
    static float fma(float a, float b, float c) {
        return HAS_FMA ? Math.fma(a, b, c) : a * b + c;
    }

    /** e^x within 2 ulp; 0 below about -87.7, and the value at {@link #EXP_HIGH} above it. */
    static float exp(float x) {
        float c = x < EXP_LOW ? EXP_LOW : x;
        c = c > EXP_HIGH ? EXP_HIGH : c;
        float t = fma(c, LOG2_E, EXPONENT_MAGIC);
        float k = t - EXPONENT_MAGIC;
        float r = fma(k, -LN2_HIGH, c);
        r = fma(k, -LN2_LOW, r);
        float p = fma(E6, r, E5);
        p = fma(p, r, E4);
        p = fma(p, r, E3);
        p = fma(p, r, E2);
        p = fma(p, r, 1f);
        p = fma(p, r, 1f);
        return p * Float.intBitsToFloat(Float.floatToRawIntBits(t) << 23);
    }

    /** 1 / (1 + e^-x). */
    static float sigmoid(float x) {
        return 1f / (1f + exp(-x));
    }

    /** The argument z for which GELU's tanh form is x · sigmoid(z): sqrt(8/π) (x + 0.044715 x³). */
    static float geluArgument(float x) {
        float xx = x * x;
        return TWO_SQRT_2_OVER_PI * x * fma(xx, GELU_CUBIC, 1f);
    }

    static float geluTanh(float x) {
        return x * sigmoid(geluArgument(x));
    }

    /** d/dx of {@link #geluTanh}: s + x s (1 - s) z'(x), where 1 - s = e s with e = exp(-z) loses no digits. */
    static float geluTanhGradient(float x) {
        float e = exp(-geluArgument(x));
        float s = 1f / (1f + e);
        float slope = TWO_SQRT_2_OVER_PI * fma(x * x, 3f * GELU_CUBIC, 1f);
        return fma(x * s * (e * s), slope, s);
    }

    /** Q of the normal tail, given a = |x|. */
    static float tail(float a) {
        float t = 1f / fma(a, Q_SCALE, 1f);
        float q = fma(Q8, t, Q7);
        q = fma(q, t, Q6);
        q = fma(q, t, Q5);
        q = fma(q, t, Q4);
        q = fma(q, t, Q3);
        q = fma(q, t, Q2);
        q = fma(q, t, Q1);
        return fma(q, t, Q0);
    }

    /** The standard normal distribution function Φ. */
    static float normalCdf(float x) {
        return normalCdf(x, exp(-0.5f * x * x));
    }

    /** Φ(x), given e = exp(-x²/2), which the derivative of GELU needs as well. */
    static float normalCdf(float x, float e) {
        float upper = e * tail(Math.abs(x));
        return x > 0 ? 1f - upper : upper;
    }

    static float geluErf(float x) {
        return x * normalCdf(x);
    }

    /** d/dx of {@link #geluErf}: Φ(x) + x φ(x). */
    static float geluErfGradient(float x) {
        float e = exp(-0.5f * x * x);
        return fma(x * INV_SQRT_2PI, e, normalCdf(x, e));
    }
}
