package org.windtunnel.backend.cpu;

import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import org.windtunnel.backend.LayerKernels.Activation;

/**
 * {@link Lanes} on the Vector API; the elements past the last full vector go through the plain loops.
 *
 * <p>Five habits keep C2 (seen with JDK 17) from allocating vectors. One loop a method, since it stops inlining in
 * large ones. No helper methods that take or return vectors, however short: once such a method has been compiled on its
 * own, its callers pass vectors through the heap. No conditional whose branches yield different vectors, since a merge
 * point forces both onto the heap. Comparisons with, and blends of, vectors only: in one process of four the forms that
 * take a number made a vector of it on the heap, once an element. And a number that a loop needs becomes a vector within
 * it (the compiler moves that out), for one that lives across the loop's safepoints is sometimes put on the heap, once a
 * call.
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
    ChannelLanes channels() {
        return new VectorChannelLanes();
    }

    @Override
    int width() {
        return L;
    }

    @Override
    void scale(float a, float[] x, int xo, int n) {
        int end = S.loopBound(n);
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, x, xo + i).mul(a).intoArray(x, xo + i);
        }
        super.scale(a, x, xo + end, n - end);
    }

    @Override
    void axpy(float a, float[] x, int xo, float[] y, int yo, int n) {
        int end = S.loopBound(n);
        for (int i = 0; i < end; i += L) {
            FloatVector factor = FloatVector.broadcast(S, a);
            factor.fma(FloatVector.fromArray(S, x, xo + i), FloatVector.fromArray(S, y, yo + i)).intoArray(y, yo + i);
        }
        super.axpy(a, x, xo + end, y, yo + end, n - end);
    }

    @Override
    double sumOfSquares(float[] x, int xo, int n) {
        DoubleVector a = DoubleVector.zero(DS);
        DoubleVector b = DoubleVector.zero(DS);
        int end = S.loopBound(n);
        for (int i = 0; i < end; i += L) {
            FloatVector v = FloatVector.fromArray(S, x, xo + i);
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
            a = a.add(FloatVector.fromArray(S, x, xo + i));
            b = b.add(FloatVector.fromArray(S, x, xo + i + L));
        }
        for (; i + L <= n; i += L) {
            a = a.add(FloatVector.fromArray(S, x, xo + i));
        }
        return a.add(b).reduceLanes(VectorOperators.ADD) + super.sum(x, xo + i, n - i);
    }

    @Override
    float dot(float[] x, int xo, float[] y, int yo, int n) {
        FloatVector a = FloatVector.zero(S);
        FloatVector b = FloatVector.zero(S);
        int i = 0;
        for (; i + 2 * L <= n; i += 2 * L) {
            a = FloatVector.fromArray(S, x, xo + i).fma(FloatVector.fromArray(S, y, yo + i), a);
            b = FloatVector.fromArray(S, x, xo + i + L).fma(FloatVector.fromArray(S, y, yo + i + L), b);
        }
        for (; i + L <= n; i += L) {
            a = FloatVector.fromArray(S, x, xo + i).fma(FloatVector.fromArray(S, y, yo + i), a);
        }
        return a.add(b).reduceLanes(VectorOperators.ADD) + super.dot(x, xo + i, y, yo + i, n - i);
    }

    @Override
    float max(float[] x, int xo, int n) {
        FloatVector m = FloatVector.broadcast(S, Float.NEGATIVE_INFINITY);
        int end = S.loopBound(n);
        for (int i = 0; i < end; i += L) {
            m = m.max(FloatVector.fromArray(S, x, xo + i));
        }
        return Math.max(m.reduceLanes(VectorOperators.MAX), super.max(x, xo + end, n - end));
    }

    @Override
    float sumOfSquaredDeviations(float[] x, int xo, float mean, int n) {
        FloatVector a = FloatVector.zero(S);
        int end = S.loopBound(n);
        for (int i = 0; i < end; i += L) {
            FloatVector u = FloatVector.fromArray(S, x, xo + i).sub(mean);
            a = u.fma(u, a);
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
            FloatVector h = FloatVector.fromArray(S, x, xo + i).sub(mean).mul(rstd);
            h.mul(FloatVector.fromArray(S, gain, go + i)).intoArray(y, yo + i);
        }
    }

    private static void normalizeWithBias(
            float[] x, int xo, float mean, float rstd, float[] gain, float[] bias, int go, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            FloatVector h = FloatVector.fromArray(S, x, xo + i).sub(mean).mul(rstd);
            h.fma(FloatVector.fromArray(S, gain, go + i), FloatVector.fromArray(S, bias, go + i)).intoArray(y, yo + i);
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
            FloatVector h = FloatVector.fromArray(S, x, xo + i).sub(mean).mul(rstd);
            FloatVector d = FloatVector.fromArray(S, dy, yo + i);
            FloatVector dg = d.mul(FloatVector.fromArray(S, gain, go + i));
            plain = plain.add(dg);
            weighted = dg.fma(h, weighted);
            d.fma(h, FloatVector.fromArray(S, dGain, go + i)).intoArray(dGain, go + i);
            if (dBias != null) {
                FloatVector.fromArray(S, dBias, go + i).add(d).intoArray(dBias, go + i);
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
        float minusA = -a;
        int end = S.loopBound(n);
        if (add) {
            for (int i = 0; i < end; i += L) {
                FloatVector h = FloatVector.fromArray(S, x, xo + i).sub(mean).mul(rstd);
                FloatVector g = FloatVector.fromArray(S, gain, go + i);
                FloatVector d = FloatVector.fromArray(S, dy, yo + i).fma(g, FloatVector.broadcast(S, minusA));
                FloatVector change = h.neg().fma(FloatVector.broadcast(S, c), d).mul(rstd);
                FloatVector.fromArray(S, dx, dxo + i).add(change).intoArray(dx, dxo + i);
            }
        } else {
            for (int i = 0; i < end; i += L) {
                FloatVector h = FloatVector.fromArray(S, x, xo + i).sub(mean).mul(rstd);
                FloatVector g = FloatVector.fromArray(S, gain, go + i);
                FloatVector d = FloatVector.fromArray(S, dy, yo + i).fma(g, FloatVector.broadcast(S, minusA));
                h.neg().fma(FloatVector.broadcast(S, c), d).mul(rstd).intoArray(dx, dxo + i);
            }
        }
        super.normGradient(
                x, xo + end, mean, rstd, dy, yo + end, gain, go + end, a, c, add, dx, dxo + end, n - end);
    }

    @Override
    void activate(Activation kind, float[] x, int xo, float[] y, int yo, int n) {
        int end = S.loopBound(n);
        switch (kind) {
            case GELU_ERF -> VectorMath.geluErf(x, xo, y, yo, end);
            case GELU_TANH -> VectorMath.geluTanh(x, xo, y, yo, end);
            case RELU -> relu(x, xo, y, yo, end);
        }
        super.activate(kind, x, xo + end, y, yo + end, n - end);
    }

    private static void relu(float[] x, int xo, float[] y, int yo, int end) {
        for (int i = 0; i < end; i += L) {
            FloatVector.fromArray(S, x, xo + i).max(0f).intoArray(y, yo + i);
        }
    }

    @Override
    void activateGradient(Activation kind, float[] x, int xo, float[] d, int dof, float[] temp, int n) {
        int end = S.loopBound(n);
        switch (kind) {
            case GELU_ERF -> VectorMath.geluErfGradient(x, xo, d, dof, temp, end);
            case GELU_TANH -> VectorMath.geluTanhGradient(x, xo, d, dof, temp, end);
            case RELU -> reluGradient(x, xo, d, dof, end);
        }
        super.activateGradient(kind, x, xo + end, d, dof + end, temp, n - end);
    }

    private static void reluGradient(float[] x, int xo, float[] d, int dof, int end) {
        for (int i = 0; i < end; i += L) {
            FloatVector v = FloatVector.fromArray(S, d, dof + i);
            FloatVector zero = FloatVector.zero(S);
            v.blend(zero, FloatVector.fromArray(S, x, xo + i).compare(VectorOperators.LE, zero)).intoArray(d, dof + i);
        }
    }

    @Override
    void swiglu(float[] g, int gof, float[] u, int uo, float[] y, int yo, int n) {
        int end = S.loopBound(n);
        VectorMath.swiglu(g, gof, u, uo, y, yo, end);
        super.swiglu(g, gof + end, u, uo + end, y, yo + end, n - end);
    }

    @Override
    void swigluGradient(float[] g, int gof, float[] u, int uo, float[] dy, int yo, float[] temp, int n) {
        int end = S.loopBound(n);
        VectorMath.swigluGradient(g, gof, u, uo, dy, yo, temp, end);
        super.swigluGradient(g, gof + end, u, uo + end, dy, yo + end, temp, n - end);
    }

    @Override
    float expShifted(float[] x, int xo, float shift, int n) {
        int end = S.loopBound(n);
        return VectorMath.exp(x, xo, shift, end) + super.expShifted(x, xo + end, shift, n - end);
    }

    @Override
    void softmaxGradient(float[] p, int po, float[] d, int dof, float mean, float scale, int n) {
        int end = S.loopBound(n);
        for (int i = 0; i < end; i += L) {
            FloatVector v = FloatVector.fromArray(S, d, dof + i).sub(mean);
            FloatVector.fromArray(S, p, po + i).mul(v).mul(scale).intoArray(d, dof + i);
        }
        super.softmaxGradient(p, po + end, d, dof + end, mean, scale, n - end);
    }

    @Override
    void rotate(float[] x, int lo, int hi, float[] cos, float[] sin, int co, float sign, int n) {
        int end = S.loopBound(n);
        for (int i = 0; i < end; i += L) {
            FloatVector c = FloatVector.fromArray(S, cos, co + i);
            FloatVector s = FloatVector.fromArray(S, sin, co + i).mul(sign);
            FloatVector a = FloatVector.fromArray(S, x, lo + i);
            FloatVector b = FloatVector.fromArray(S, x, hi + i);
            a.fma(c, b.mul(s).neg()).intoArray(x, lo + i);
            b.fma(c, a.mul(s)).intoArray(x, hi + i);
        }
        super.rotate(x, lo + end, hi + end, cos, sin, co + end, sign, n - end);
    }

    @Override
    void adamw(float[] w, float[] g, float[] m, float[] v, int from, int n, AdamScalars s) {
        float beta1 = s.beta1;
        float beta2 = s.beta2;
        float root = s.root;
        float eps = s.eps;
        float decay = s.decay;
        int end = from + S.loopBound(n);
        for (int i = from; i < end; i += L) {
            FloatVector d = FloatVector.fromArray(S, g, i).mul(s.gradScale);
            FloatVector mi = FloatVector.broadcast(S, beta1).fma(FloatVector.fromArray(S, m, i), d.mul(s.oneMinusBeta1));
            FloatVector vi = FloatVector.broadcast(S, beta2)
                    .fma(FloatVector.fromArray(S, v, i), d.mul(d).mul(s.oneMinusBeta2));
            mi.intoArray(m, i);
            vi.intoArray(v, i);
            FloatVector denominator = vi.sqrt().fma(FloatVector.broadcast(S, root), FloatVector.broadcast(S, eps));
            FloatVector change = mi.mul(s.rate).div(denominator).neg();
            FloatVector.fromArray(S, w, i).fma(FloatVector.broadcast(S, decay), change).intoArray(w, i);
        }
        super.adamw(w, g, m, v, end, from + n - end, s);
    }

    @Override
    void sgd(float[] w, float[] g, float[] b, int from, int n, SgdScalars s) {
        float coupled = s.coupled;
        float rest = s.rest;
        float buffered = s.buffered;
        float lr = -s.lr;
        int end = from + S.loopBound(n);
        for (int i = from; i < end; i += L) {
            FloatVector wi = FloatVector.fromArray(S, w, i);
            FloatVector gi = FloatVector.fromArray(S, g, i).mul(s.gradScale);
            FloatVector d = FloatVector.broadcast(S, coupled).fma(wi, gi);
            FloatVector bi = FloatVector.broadcast(S, rest).fma(d, FloatVector.fromArray(S, b, i).mul(s.momentum));
            bi.intoArray(b, i);
            FloatVector direction = FloatVector.broadcast(S, buffered).fma(bi, d.mul(s.direct));
            FloatVector.broadcast(S, lr).fma(direction, wi.mul(s.keep)).intoArray(w, i);
        }
        super.sgd(w, g, b, end, from + n - end, s);
    }
}
