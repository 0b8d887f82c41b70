package org.windtunnel.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * The functions of {@link FloatMath} on full vectors, operation for operation, as passes over a block.
 *
 * <p>The exponential is one loop of its own that the others call between two short loops: a block stays in the L1
 * cache, so the extra passes cost less than what C2 makes of one large loop (see {@link VectorLanes}). {@code end} is
 * a multiple of the vector length.
 *
 * <p>The start script tells the compiler not to inline the exponential. In some processes, more of them on a crowded
 * machine, the lookup of operators inside the Vector API has left four traps of a failed class check in its profile. C2
 * adds these up over all vector operations that it compiles together; from 100 traps on, with 25 operations, it keeps the
 * further ones' vectors on the heap for good. The exponential and GELU's error function have 30 together.
 */
final class VectorMath {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final int L = S.length();
    private static final FloatVector ONE = FloatVector.broadcast(S, 1f);
    private static final FloatVector ZERO = FloatVector.zero(S);
    private static final FloatVector LOW = constant(FloatMath.EXP_LOW);
    private static final FloatVector HIGH = constant(FloatMath.EXP_HIGH);
    private static final FloatVector LOG2_E = constant(FloatMath.LOG2_E);
    private static final FloatVector MAGIC = constant(FloatMath.EXPONENT_MAGIC);
    private static final FloatVector LN2_HIGH = constant(-FloatMath.LN2_HIGH);
    private static final FloatVector LN2_LOW = constant(-FloatMath.LN2_LOW);
    private static final FloatVector E2 = constant(FloatMath.E2);
    private static final FloatVector E3 = constant(FloatMath.E3);
    private static final FloatVector E4 = constant(FloatMath.E4);
    private static final FloatVector E5 = constant(FloatMath.E5);
    private static final FloatVector E6 = constant(FloatMath.E6);
    private static final FloatVector CUBIC = constant(FloatMath.GELU_CUBIC);
    private static final FloatVector THREE_CUBIC = constant(3f * FloatMath.GELU_CUBIC);
    private static final FloatVector Q_SCALE = constant(FloatMath.Q_SCALE);
    private static final FloatVector Q0 = constant(FloatMath.Q0);
    private static final FloatVector Q1 = constant(FloatMath.Q1);
    private static final FloatVector Q2 = constant(FloatMath.Q2);
    private static final FloatVector Q3 = constant(FloatMath.Q3);
    private static final FloatVector Q4 = constant(FloatMath.Q4);
    private static final FloatVector Q5 = constant(FloatMath.Q5);
    private static final FloatVector Q6 = constant(FloatMath.Q6);
    private static final FloatVector Q7 = constant(FloatMath.Q7);
    private static final FloatVector Q8 = constant(FloatMath.Q8);

    private VectorMath() {}

    private static FloatVector constant(float x) {
        return FloatVector.broadcast(S, x);
    }

    /** x = e^(x - shift) over full vectors; returns the sum. */
    static float exp(float[] x, int xo, float shift, int end) {
        FloatVector sum = FloatVector.zero(S);
        for (int i = 0; i < end; i += L) {
            FloatVector c = FloatVector.fromArray(S, x, xo + i).sub(shift);
            c = c.blend(LOW, c.compare(VectorOperators.LT, LOW));
            c = c.blend(HIGH, c.compare(VectorOperators.GT, HIGH));
            FloatVector t = c.fma(LOG2_E, MAGIC);
            FloatVector k = t.sub(MAGIC);
            FloatVector r = k.fma(LN2_LOW, k.fma(LN2_HIGH, c));
            FloatVector p = E6.fma(r, E5);
            p = p.fma(r, E4);
            p = p.fma(r, E3);
            p = p.fma(r, E2);
            p = p.fma(r, ONE);
            p = p.fma(r, ONE);
            p = p.mul(t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats());
            p.intoArray(x, xo + i);
            sum = sum.add(p);
        }
        return sum.reduceLanes(VectorOperators.ADD);
    }

    /** y = -z(x), z the argument of GELU's tanh form. */
    private static void minusGeluArgument(float[] x, int xo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            FloatVector v = FloatVector.fromArray(S, x, xo + i);
            FloatVector z = v.mul(FloatMath.TWO_SQRT_2_OVER_PI).mul(v.mul(v).fma(CUBIC, ONE));
            z.neg().intoArray(y, yo + i);
        }
    }

    static void geluTanh(float[] x, int xo, float[] y, int yo, int end) {
        minusGeluArgument(x, xo, y, yo, end);
        exp(y, yo, 0f, end);
        for (int i = 0; i < end; i += L) {
            FloatVector s = ONE.div(FloatVector.fromArray(S, y, yo + i).add(ONE));
            FloatVector.fromArray(S, x, xo + i).mul(s).intoArray(y, yo + i);
        }
    }

    static void geluTanhGradient(float[] x, int xo, float[] d, int dof, float[] temp, int end) {
        minusGeluArgument(x, xo, temp, 0, end);
        exp(temp, 0, 0f, end);
        for (int i = 0; i < end; i += L) {
            FloatVector v = FloatVector.fromArray(S, x, xo + i);
            FloatVector e = FloatVector.fromArray(S, temp, i);
            FloatVector s = ONE.div(e.add(ONE));
            FloatVector slope = v.mul(v).fma(THREE_CUBIC, ONE).mul(FloatMath.TWO_SQRT_2_OVER_PI);
            FloatVector g = v.mul(s).mul(e.mul(s)).fma(slope, s);
            FloatVector.fromArray(S, d, dof + i).mul(g).intoArray(d, dof + i);
        }
    }

    /** y = -x²/2. */
    private static void minusHalfSquare(float[] x, int xo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            FloatVector v = FloatVector.fromArray(S, x, xo + i);
            v.mul(-0.5f).mul(v).intoArray(y, yo + i);
        }
    }

    /** e = Φ(x), given e = exp(-x²/2). */
    private static void normalCdf(float[] x, int xo, float[] e, int eo, int end) {
        for (int i = 0; i < end; i += L) {
            FloatVector v = FloatVector.fromArray(S, x, xo + i);
            FloatVector t = ONE.div(v.abs().fma(Q_SCALE, ONE));
            FloatVector q = Q8.fma(t, Q7);
            q = q.fma(t, Q6);
            q = q.fma(t, Q5);
            q = q.fma(t, Q4);
            q = q.fma(t, Q3);
            q = q.fma(t, Q2);
            q = q.fma(t, Q1);
            q = q.fma(t, Q0);
            FloatVector upper = FloatVector.fromArray(S, e, eo + i).mul(q);
            upper.blend(ONE.sub(upper), v.compare(VectorOperators.GT, ZERO)).intoArray(e, eo + i);
        }
    }

    static void geluErf(float[] x, int xo, float[] y, int yo, int end) {
        minusHalfSquare(x, xo, y, yo, end);
        exp(y, yo, 0f, end);
        normalCdf(x, xo, y, yo, end);
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, x, xo + i).mul(FloatVector.fromArray(S, y, yo + i)).intoArray(y, yo + i);
        }
    }

    /** temp needs room for two blocks of {@code end}: exp(-x²/2) and Φ(x). */
    static void geluErfGradient(float[] x, int xo, float[] d, int dof, float[] temp, int end) {
        minusHalfSquare(x, xo, temp, 0, end);
        exp(temp, 0, 0f, end);
        System.arraycopy(temp, 0, temp, end, end);
        normalCdf(x, xo, temp, end, end);
        for (int i = 0; i < end; i += L) {
            FloatVector density = FloatVector.fromArray(S, x, xo + i).mul(FloatMath.INV_SQRT_2PI);
            FloatVector g = density.fma(FloatVector.fromArray(S, temp, i), FloatVector.fromArray(S, temp, end + i));
            FloatVector.fromArray(S, d, dof + i).mul(g).intoArray(d, dof + i);
        }
    }

    /** y = e^-x. */
    private static void expMinus(float[] x, int xo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, x, xo + i).neg().intoArray(y, yo + i);
        }
        exp(y, yo, 0f, end);
    }

    static void swiglu(float[] g, int gof, float[] u, int uo, float[] y, int yo, int end) {
        expMinus(g, gof, y, yo, end);
        for (int i = 0; i < end; i += L) {
            FloatVector s = ONE.div(FloatVector.fromArray(S, y, yo + i).add(ONE));
            FloatVector.fromArray(S, g, gof + i).mul(s).mul(FloatVector.fromArray(S, u, uo + i)).intoArray(y, yo + i);
        }
    }

    static void swigluGradient(float[] g, int gof, float[] u, int uo, float[] dy, int yo, float[] temp, int end) {
        expMinus(g, gof, temp, 0, end);
        for (int i = 0; i < end; i += L) {
            FloatVector s = ONE.div(FloatVector.fromArray(S, temp, i).add(ONE));
            FloatVector silu = FloatVector.fromArray(S, g, gof + i).mul(s);
            FloatVector d = FloatVector.fromArray(S, dy, yo + i);
            FloatVector slope = silu.fma(ONE.sub(s), s);
            d.mul(FloatVector.fromArray(S, u, uo + i)).mul(slope).intoArray(g, gof + i);
            d.mul(silu).intoArray(u, uo + i);
        }
    }
}
