package org.windtunnel.backend.cpu;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.windtunnel.backend.LayerKernels.Activation;

/**
 * {@link Lanes} on the Vector API; the elements past the last full vector go through the plain loops.
 *
 * <p>Two habits keep C2 from allocating vectors: one loop a method, and no conditional whose branches yield different
 * vectors (a merge point forces both onto the heap); alternatives get loops of their own.
 */
final class VectorLanes extends Lanes {
    private static final VectorSpecies<Float> S = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Double> DS = DoubleVector.SPECIES_PREFERRED;
    private static final int L = S.length();

    /** Through a method, so that {@link Lanes} links without the incubator module. */
    static Lanes create() {
        return new VectorLanes();
    }

    @Override
    String describe() {
        return "Vector API, " + S.vectorBitSize() + " bits";
    }

    @Override
    int width() {
        return L;
    }

    private static FloatVector load(float[] x, int at) {
        return FloatVector.fromArray(S, x, at);
    }

    @Override
    void scale(float a, float[] x, int xo, int n) {
        int end = S.loopBound(n);
        for (int i = 0; i < end; i += L) {
            load(x, xo + i).mul(a).intoArray(x, xo + i);
        }
        super.scale(a, x, xo + end, n - end);
    }

    @Override
    void axpy(float a, float[] x, int xo, float[] y, int yo, int n) {
        int end = S.loopBound(n);
        FloatVector factor = FloatVector.broadcast(S, a);
        for (int i = 0; i < end; i += L) {
            VectorMath.fma(factor, load(x, xo + i), load(y, yo + i)).intoArray(y, yo + i);
        }
        super.axpy(a, x, xo + end, y, yo + end, n - end);
    }

    @Override
    double sumOfSquares(float[] x, int xo, int n) {
        DoubleVector a = DoubleVector.zero(DS);
        DoubleVector b = DoubleVector.zero(DS);
        int end = S.loopBound(n);
        for (int i = 0; i < end; i += L) {
            FloatVector v = load(x, xo + i);
            DoubleVector low = (DoubleVector) v.convertShape(VectorOperators.F2D, DS, 0);
            DoubleVector high = (DoubleVector) v.convertShape(VectorOperators.F2D, DS, 1);
            a = low.mul(low).add(a);
            b = high.mul(high).add(b);
        }
        return a.add(b).reduceLanes(VectorOperators.ADD) + super.sumOfSquares(x, xo + end, n - end);
    }

    @Override
    float sum(float[] x, int xo, int n) {
        FloatVector a = FloatVector.zero(S);
        FloatVector b = FloatVector.zero(S);
        int i = 0;
        for (; i + 2 * L <= n; i += 2 * L) {
            a = a.add(load(x, xo + i));
            b = b.add(load(x, xo + i + L));
        }
        for (; i + L <= n; i += L) {
            a = a.add(load(x, xo + i));
        }
        return a.add(b).reduceLanes(VectorOperators.ADD) + super.sum(x, xo + i, n - i);
    }

    @Override
    float dot(float[] x, int xo, float[] y, int yo, int n) {
        FloatVector a = FloatVector.zero(S);
        FloatVector b = FloatVector.zero(S);
        int i = 0;
        for (; i + 2 * L <= n; i += 2 * L) {
            a = VectorMath.fma(load(x, xo + i), load(y, yo + i), a);
            b = VectorMath.fma(load(x, xo + i + L), load(y, yo + i + L), b);
        }
        for (; i + L <= n; i += L) {
            a = VectorMath.fma(load(x, xo + i), load(y, yo + i), a);
        }
        return a.add(b).reduceLanes(VectorOperators.ADD) + super.dot(x, xo + i, y, yo + i, n - i);
    }

    @Override
    float max(float[] x, int xo, int n) {
        FloatVector m = FloatVector.broadcast(S, Float.NEGATIVE_INFINITY);
        int end = S.loopBound(n);
        for (int i = 0; i < end; i += L) {
            m = m.max(load(x, xo + i));
        }
        return Math.max(m.reduceLanes(VectorOperators.MAX), super.max(x, xo + end, n - end));
    }

    @Override
    float sumOfSquaredDeviations(float[] x, int xo, float mean, int n) {
        FloatVector a = FloatVector.zero(S);
        int end = S.loopBound(n);
        for (int i = 0; i < end; i += L) {
            FloatVector u = load(x, xo + i).sub(mean);
            a = VectorMath.fma(u, u, a);
        }
        return a.reduceLanes(VectorOperators.ADD) + super.sumOfSquaredDeviations(x, xo + end, mean, n - end);
    }

    @Override
    void normalize(
            float[] x, int xo, float mean, float rstd, float[] gain, float[] bias, int go, float[] y, int yo, int n) {
        int end = S.loopBound(n);
        if (bias == null) {
            normalize(x, xo, mean, rstd, gain, go, y, yo, end);
        } else {
            normalizeWithBias(x, xo, mean, rstd, gain, bias, go, y, yo, end);
        }
        super.normalize(x, xo + end, mean, rstd, gain, bias, go + end, y, yo + end, n - end);
    }

    private static void normalize(
            float[] x, int xo, float mean, float rstd, float[] gain, int go, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            load(x, xo + i).sub(mean).mul(rstd).mul(load(gain, go + i)).intoArray(y, yo + i);
        }
    }

    private static void normalizeWithBias(
            float[] x, int xo, float mean, float rstd, float[] gain, float[] bias, int go, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            FloatVector h = load(x, xo + i).sub(mean).mul(rstd);
            VectorMath.fma(h, load(gain, go + i), load(bias, go + i)).intoArray(y, yo + i);
        }
    }

    @Override
    void normGradientSums(
            float[] x,
            int xo,
            float mean,
            float rstd,
            float[] dy,
            int yo,
            float[] gain,
            float[] dGain,
            float[] dBias,
            int go,
            int n,
            float[] sums) {
        FloatVector plain = FloatVector.zero(S);
        FloatVector weighted = FloatVector.zero(S);
        int end = S.loopBound(n);
        for (int i = 0; i < end; i += L) {
            FloatVector h = load(x, xo + i).sub(mean).mul(rstd);
            FloatVector d = load(dy, yo + i);
            FloatVector dg = d.mul(load(gain, go + i));
            plain = plain.add(dg);
            weighted = VectorMath.fma(dg, h, weighted);
            VectorMath.fma(d, h, load(dGain, go + i)).intoArray(dGain, go + i);
            if (dBias != null) {
                load(dBias, go + i).add(d).intoArray(dBias, go + i);
            }
        }
        super.normGradientSums(
                x, xo + end, mean, rstd, dy, yo + end, gain, dGain, dBias, go + end, n - end, sums);
        sums[0] += plain.reduceLanes(VectorOperators.ADD);
        sums[1] += weighted.reduceLanes(VectorOperators.ADD);
    }

    @Override
    void normGradient(
            float[] x,
            int xo,
            float mean,
            float rstd,
            float[] dy,
            int yo,
            float[] gain,
            int go,
            float a,
            float c,
            boolean add,
            float[] dx,
            int dxo,
            int n) {
        FloatVector minusA = FloatVector.broadcast(S, -a);
        FloatVector cs = FloatVector.broadcast(S, c);
        int end = S.loopBound(n);
        if (add) {
            for (int i = 0; i < end; i += L) {
                FloatVector h = load(x, xo + i).sub(mean).mul(rstd);
                FloatVector d = VectorMath.fma(load(dy, yo + i), load(gain, go + i), minusA);
                load(dx, dxo + i).add(VectorMath.fma(h.neg(), cs, d).mul(rstd)).intoArray(dx, dxo + i);
            }
        } else {
            for (int i = 0; i < end; i += L) {
                FloatVector h = load(x, xo + i).sub(mean).mul(rstd);
                FloatVector d = VectorMath.fma(load(dy, yo + i), load(gain, go + i), minusA);
                VectorMath.fma(h.neg(), cs, d).mul(rstd).intoArray(dx, dxo + i);
            }
        }
        super.normGradient(
                x, xo + end, mean, rstd, dy, yo + end, gain, go + end, a, c, add, dx, dxo + end, n - end);
    }

    /** One loop a method: C2 stops inlining vector code when a method grows large, and then allocates each vector. */
    @Override
    void activate(Activation kind, float[] x, int xo, float[] y, int yo, int n) {
        int end = S.loopBound(n);
        switch (kind) {
            case GELU_ERF -> geluErf(x, xo, y, yo, end);
            case GELU_TANH -> geluTanh(x, xo, y, yo, end);
            case RELU -> relu(x, xo, y, yo, end);
        }
        super.activate(kind, x, xo + end, y, yo + end, n - end);
    }

    private static void geluErf(float[] x, int xo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            VectorMath.geluErf(load(x, xo + i)).intoArray(y, yo + i);
        }
    }

    private static void geluTanh(float[] x, int xo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            VectorMath.geluTanh(load(x, xo + i)).intoArray(y, yo + i);
        }
    }

    private static void relu(float[] x, int xo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            load(x, xo + i).max(0f).intoArray(y, yo + i);
        }
    }

    @Override
    void activateGradient(Activation kind, float[] x, int xo, float[] d, int dof, int n) {
        int end = S.loopBound(n);
        switch (kind) {
            case GELU_ERF -> geluErfGradient(x, xo, d, dof, end);
            case GELU_TANH -> geluTanhGradient(x, xo, d, dof, end);
            case RELU -> reluGradient(x, xo, d, dof, end);
        }
        super.activateGradient(kind, x, xo + end, d, dof + end, n - end);
    }

    private static void geluErfGradient(float[] x, int xo, float[] d, int dof, int end) {
        for (int i = 0; i < end; i += L) {
            load(d, dof + i).mul(VectorMath.geluErfGradient(load(x, xo + i))).intoArray(d, dof + i);
        }
    }

    private static void geluTanhGradient(float[] x, int xo, float[] d, int dof, int end) {
        for (int i = 0; i < end; i += L) {
            load(d, dof + i).mul(VectorMath.geluTanhGradient(load(x, xo + i))).intoArray(d, dof + i);
        }
    }

    private static void reluGradient(float[] x, int xo, float[] d, int dof, int end) {
        for (int i = 0; i < end; i += L) {
            FloatVector v = load(d, dof + i);
            v.blend(0f, load(x, xo + i).compare(VectorOperators.LE, 0f)).intoArray(d, dof + i);
        }
    }

    @Override
    void swiglu(float[] g, int gof, float[] u, int uo, float[] y, int yo, int n) {
        int end = S.loopBound(n);
        for (int i = 0; i < end; i += L) {
            FloatVector v = load(g, gof + i);
            v.mul(VectorMath.sigmoid(v)).mul(load(u, uo + i)).intoArray(y, yo + i);
        }
        super.swiglu(g, gof + end, u, uo + end, y, yo + end, n - end);
    }

    @Override
    void swigluGradient(float[] g, int gof, float[] u, int uo, float[] dy, int yo, int n) {
        int end = S.loopBound(n);
        for (int i = 0; i < end; i += L) {
            FloatVector v = load(g, gof + i);
            FloatVector s = VectorMath.sigmoid(v);
            FloatVector silu = v.mul(s);
            FloatVector d = load(dy, yo + i);
            FloatVector slope = VectorMath.fma(silu, FloatVector.broadcast(S, 1f).sub(s), s);
            d.mul(load(u, uo + i)).mul(slope).intoArray(g, gof + i);
            d.mul(silu).intoArray(u, uo + i);
        }
        super.swigluGradient(g, gof + end, u, uo + end, dy, yo + end, n - end);
    }

    @Override
    float expShifted(float[] x, int xo, float shift, int n) {
        FloatVector sum = FloatVector.zero(S);
        int end = S.loopBound(n);
        for (int i = 0; i < end; i += L) {
            FloatVector e = VectorMath.exp(load(x, xo + i).sub(shift));
            e.intoArray(x, xo + i);
            sum = sum.add(e);
        }
        return sum.reduceLanes(VectorOperators.ADD) + super.expShifted(x, xo + end, shift, n - end);
    }

    @Override
    void softmaxGradient(float[] p, int po, float[] d, int dof, float mean, float scale, int n) {
        int end = S.loopBound(n);
        for (int i = 0; i < end; i += L) {
            load(p, po + i).mul(load(d, dof + i).sub(mean)).mul(scale).intoArray(d, dof + i);
        }
        super.softmaxGradient(p, po + end, d, dof + end, mean, scale, n - end);
    }

    @Override
    void rotate(float[] x, int lo, int hi, float[] cos, float[] sin, int co, float sign, int n) {
        int end = S.loopBound(n);
        for (int i = 0; i < end; i += L) {
            FloatVector c = load(cos, co + i);
            FloatVector s = load(sin, co + i).mul(sign);
            FloatVector a = load(x, lo + i);
            FloatVector b = load(x, hi + i);
            VectorMath.fma(a, c, b.mul(s).neg()).intoArray(x, lo + i);
            VectorMath.fma(b, c, a.mul(s)).intoArray(x, hi + i);
        }
        super.rotate(x, lo + end, hi + end, cos, sin, co + end, sign, n - end);
    }

    @Override
    void adamw(float[] w, float[] g, float[] m, float[] v, int from, int n, AdamScalars s) {
        FloatVector beta1 = FloatVector.broadcast(S, s.beta1);
        FloatVector beta2 = FloatVector.broadcast(S, s.beta2);
        FloatVector root = FloatVector.broadcast(S, s.root);
        FloatVector eps = FloatVector.broadcast(S, s.eps);
        FloatVector decay = FloatVector.broadcast(S, s.decay);
        int end = from + S.loopBound(n);
        for (int i = from; i < end; i += L) {
            FloatVector d = load(g, i).mul(s.gradScale);
            FloatVector mi = VectorMath.fma(beta1, load(m, i), d.mul(s.oneMinusBeta1));
            FloatVector vi = VectorMath.fma(beta2, load(v, i), d.mul(d).mul(s.oneMinusBeta2));
            mi.intoArray(m, i);
            vi.intoArray(v, i);
            FloatVector denominator = VectorMath.fma(vi.sqrt(), root, eps);
            VectorMath.fma(load(w, i), decay, mi.mul(s.rate).div(denominator).neg()).intoArray(w, i);
        }
        super.adamw(w, g, m, v, end, from + n - end, s);
    }
}
