package org.windtunnel.backend.cpu;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/** The functions of {@link FloatMath} on vectors, operation for operation. */
final class VectorMath {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final FloatVector ONE = FloatVector.broadcast(S, 1f);
    private static final FloatVector ZERO = FloatVector.zero(S);
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

    static FloatVector fma(FloatVector a, FloatVector b, FloatVector c) {
        return FloatMath.HAS_FMA ? a.fma(b, c) : a.mul(b).add(c);
    }

    static FloatVector exp(FloatVector x) {
        FloatVector c = x.blend(FloatMath.EXP_LOW, x.compare(VectorOperators.LT, FloatMath.EXP_LOW));
        c = c.blend(FloatMath.EXP_HIGH, c.compare(VectorOperators.GT, FloatMath.EXP_HIGH));
        return expInRange(c);
    }

    /** exp for arguments within [EXP_LOW, EXP_HIGH] or NaN. */
    private static FloatVector expInRange(FloatVector c) {
        FloatVector t = fma(c, LOG2_E, MAGIC);
        FloatVector k = t.sub(MAGIC);
        FloatVector r = fma(k, LN2_HIGH, c);
        r = fma(k, LN2_LOW, r);
        FloatVector p = fma(E6, r, E5);
        p = fma(p, r, E4);
        p = fma(p, r, E3);
        p = fma(p, r, E2);
        p = fma(p, r, ONE);
        p = fma(p, r, ONE);
        return p.mul(t.reinterpretAsInts().lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats());
    }

    static FloatVector sigmoid(FloatVector x) {
        return ONE.div(exp(x.neg()).add(ONE));
    }

    private static FloatVector geluArgument(FloatVector x) {
        FloatVector xx = x.mul(x);
        return x.mul(FloatMath.TWO_SQRT_2_OVER_PI).mul(fma(xx, CUBIC, ONE));
    }

    static FloatVector geluTanh(FloatVector x) {
        return x.mul(sigmoid(geluArgument(x)));
    }

    static FloatVector geluTanhGradient(FloatVector x) {
        FloatVector e = exp(geluArgument(x).neg());
        FloatVector s = ONE.div(e.add(ONE));
        FloatVector slope = fma(x.mul(x), THREE_CUBIC, ONE).mul(FloatMath.TWO_SQRT_2_OVER_PI);
        return fma(x.mul(s).mul(e.mul(s)), slope, s);
    }

    private static FloatVector tail(FloatVector a) {
        FloatVector t = ONE.div(fma(a, Q_SCALE, ONE));
        FloatVector q = fma(Q8, t, Q7);
        q = fma(q, t, Q6);
        q = fma(q, t, Q5);
        q = fma(q, t, Q4);
        q = fma(q, t, Q3);
        q = fma(q, t, Q2);
        q = fma(q, t, Q1);
        return fma(q, t, Q0);
    }

    private static FloatVector normalCdf(FloatVector x, FloatVector e) {
        FloatVector upper = e.mul(tail(x.abs()));
        return upper.blend(ONE.sub(upper), x.compare(VectorOperators.GT, ZERO));
    }

    static FloatVector geluErf(FloatVector x) {
        return x.mul(normalCdf(x, exp(x.mul(-0.5f).mul(x))));
    }

    static FloatVector geluErfGradient(FloatVector x) {
        FloatVector e = exp(x.mul(-0.5f).mul(x));
        return fma(x.mul(FloatMath.INV_SQRT_2PI), e, normalCdf(x, e));
    }
}
