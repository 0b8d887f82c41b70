package org.windtunnel.backend.cpu;

import org.windtunnel.backend.LayerKernels.Activation;

/**
 * Arithmetic on heap blocks, in plain Java; {@link VectorLanes} overrides it with the Vector API.
 *
 * <p>Every method works on {@code n} elements from the given offsets. Source and destination may be the same array and
 * offset unless a method says otherwise.
 */
class Lanes {

    /** The fastest implementation that this JVM can run. */
    static Lanes best() {
        boolean vectors = ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent();
        return vectors && FloatMath.HAS_FMA ? VectorLanes.create() : new Lanes();
    }

    /** Display name. */
    String describe() {
        return "plain Java";
    }

    /** Arithmetic by channel in the same style. */
    ChannelLanes channels() {
        return new ChannelLanes();
    }

    /** Floats per vector; 1 for plain loops. */
    int width() {
        return 1;
    }

    void scale(float a, float[] x, int xo, int n) {
        for (int i = 0; i < n; i++) {
            x[xo + i] *= a;
        }
    }

    /** y += a x. */
    void axpy(float a, float[] x, int xo, float[] y, int yo, int n) {
        for (int i = 0; i < n; i++) {
            y[yo + i] = FloatMath.fma(a, x[xo + i], y[yo + i]);
        }
    }

    double sumOfSquares(float[] x, int xo, int n) {
        double a = 0;
        double b = 0;
        double c = 0;
        double d = 0;
        int i = 0;
        for (; i + 3 < n; i += 4) {
            a += (double) x[xo + i] * x[xo + i];
            b += (double) x[xo + i + 1] * x[xo + i + 1];
            c += (double) x[xo + i + 2] * x[xo + i + 2];
            d += (double) x[xo + i + 3] * x[xo + i + 3];
        }
        for (; i < n; i++) {
            a += (double) x[xo + i] * x[xo + i];
        }
        return (a + b) + (c + d);
    }

    float sum(float[] x, int xo, int n) {
        float a = 0;
        float b = 0;
        float c = 0;
        float d = 0;
        int i = 0;
        for (; i + 3 < n; i += 4) {
            a += x[xo + i];
            b += x[xo + i + 1];
            c += x[xo + i + 2];
            d += x[xo + i + 3];
        }
        for (; i < n; i++) {
            a += x[xo + i];
        }
        return (a + b) + (c + d);
    }

    float dot(float[] x, int xo, float[] y, int yo, int n) {
        float a = 0;
        float b = 0;
        float c = 0;
        float d = 0;
        int i = 0;
        for (; i + 3 < n; i += 4) {
            a = FloatMath.fma(x[xo + i], y[yo + i], a);
            b = FloatMath.fma(x[xo + i + 1], y[yo + i + 1], b);
            c = FloatMath.fma(x[xo + i + 2], y[yo + i + 2], c);
            d = FloatMath.fma(x[xo + i + 3], y[yo + i + 3], d);
        }
        for (; i < n; i++) {
            a = FloatMath.fma(x[xo + i], y[yo + i], a);
        }
        return (a + b) + (c + d);
    }

    /** The largest element; NaN if there is one. */
    float max(float[] x, int xo, int n) {
        float m = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            m = Math.max(m, x[xo + i]);
        }
        return m;
    }

    /** Σ (x - mean)². */
    float sumOfSquaredDeviations(float[] x, int xo, float mean, int n) {
        float a = 0;
        float b = 0;
        int i = 0;
        for (; i + 1 < n; i += 2) {
            float u = x[xo + i] - mean;
            float v = x[xo + i + 1] - mean;
            a = FloatMath.fma(u, u, a);
            b = FloatMath.fma(v, v, b);
        }
        for (; i < n; i++) {
            float u = x[xo + i] - mean;
            a = FloatMath.fma(u, u, a);
        }
        return a + b;
    }

    /** y = (x - mean) · rstd · gain + bias; {@code bias} may be null; gain and bias start at {@code go}. */
    void normalize(
            float[] x, int xo, float mean, float rstd, float[] gain, float[] bias, int go, float[] y, int yo, int n) {
        for (int i = 0; i < n; i++) {
            float h = (x[xo + i] - mean) * rstd;
            y[yo + i] = bias == null ? h * gain[go + i] : FloatMath.fma(h, gain[go + i], bias[go + i]);
        }
    }

    /**
     * First pass of a norm's backward: with x̂ = (x - mean) rstd, dGain += dy x̂, dBias += dy (unless null), and
     * sums = {Σ dy gain, Σ dy gain x̂}.
     */
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
        float plain = 0;
        float weighted = 0;
        for (int i = 0; i < n; i++) {
            float h = (x[xo + i] - mean) * rstd;
            float d = dy[yo + i];
            float dg = d * gain[go + i];
            plain += dg;
            weighted = FloatMath.fma(dg, h, weighted);
            dGain[go + i] = FloatMath.fma(d, h, dGain[go + i]);
            if (dBias != null) {
                dBias[go + i] += d;
            }
        }
        sums[0] = plain;
        sums[1] = weighted;
    }

    /** Second pass: dx (+)= rstd (dy gain - a - x̂ c). */
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
        for (int i = 0; i < n; i++) {
            float h = (x[xo + i] - mean) * rstd;
            float d = FloatMath.fma(-h, c, FloatMath.fma(dy[yo + i], gain[go + i], -a)) * rstd;
            dx[dxo + i] = add ? dx[dxo + i] + d : d;
        }
    }

    /** y = activation(x); x and y are different arrays. */
    void activate(Activation kind, float[] x, int xo, float[] y, int yo, int n) {
        switch (kind) {
            case GELU_ERF -> {
                for (int i = 0; i < n; i++) {
                    y[yo + i] = FloatMath.geluErf(x[xo + i]);
                }
            }
            case GELU_TANH -> {
                for (int i = 0; i < n; i++) {
                    y[yo + i] = FloatMath.geluTanh(x[xo + i]);
                }
            }
            case RELU -> {
                for (int i = 0; i < n; i++) {
                    y[yo + i] = Math.max(x[xo + i], 0f);
                }
            }
        }
    }

    /** d *= activation'(x), with 2n floats of scratch. The gradient of ReLU at 0 is 0. */
    void activateGradient(Activation kind, float[] x, int xo, float[] d, int dof, float[] temp, int n) {
        switch (kind) {
            case GELU_ERF -> {
                for (int i = 0; i < n; i++) {
                    d[dof + i] *= FloatMath.geluErfGradient(x[xo + i]);
                }
            }
            case GELU_TANH -> {
                for (int i = 0; i < n; i++) {
                    d[dof + i] *= FloatMath.geluTanhGradient(x[xo + i]);
                }
            }
            case RELU -> {
                for (int i = 0; i < n; i++) {
                    d[dof + i] = x[xo + i] <= 0 ? 0f : d[dof + i];
                }
            }
        }
    }

    /** y = silu(g) · u; y is an array of its own. */
    void swiglu(float[] g, int gof, float[] u, int uo, float[] y, int yo, int n) {
        for (int i = 0; i < n; i++) {
            float v = g[gof + i];
            y[yo + i] = v * FloatMath.sigmoid(v) * u[uo + i];
        }
    }

    /** Backward of {@link #swiglu}: replaces g and u by their gradients, with n floats of scratch. */
    void swigluGradient(float[] g, int gof, float[] u, int uo, float[] dy, int yo, float[] temp, int n) {
        for (int i = 0; i < n; i++) {
            float v = g[gof + i];
            float s = FloatMath.sigmoid(v);
            float silu = v * s;
            float d = dy[yo + i];
            g[gof + i] = d * u[uo + i] * FloatMath.fma(silu, 1f - s, s);
            u[uo + i] = d * silu;
        }
    }

    /** x = e^(x - shift); returns the sum. */
    float expShifted(float[] x, int xo, float shift, int n) {
        float sum = 0;
        for (int i = 0; i < n; i++) {
            float e = FloatMath.exp(x[xo + i] - shift);
            x[xo + i] = e;
            sum += e;
        }
        return sum;
    }

    /** d = p · (d - mean) · scale, the backward of a softmax row. */
    void softmaxGradient(float[] p, int po, float[] d, int dof, float mean, float scale, int n) {
        for (int i = 0; i < n; i++) {
            d[dof + i] = p[po + i] * (d[dof + i] - mean) * scale;
        }
    }

    /** Rotates the pairs (x[lo + i], x[hi + i]) by the angle of (cos, sign · sin). */
    void rotate(float[] x, int lo, int hi, float[] cos, float[] sin, int co, float sign, int n) {
        for (int i = 0; i < n; i++) {
            float c = cos[co + i];
            float s = sign * sin[co + i];
            float a = x[lo + i];
            float b = x[hi + i];
            x[lo + i] = FloatMath.fma(a, c, -(b * s));
            x[hi + i] = FloatMath.fma(b, c, a * s);
        }
    }

    /** One AdamW update: g is scaled, m and v are updated, w = decay w - rate · m / (sqrt(v) · root + eps). */
    void adamw(float[] w, float[] g, float[] m, float[] v, int from, int n, AdamScalars s) {
        for (int i = from; i < from + n; i++) {
            float d = g[i] * s.gradScale;
            float mi = FloatMath.fma(s.beta1, m[i], d * s.oneMinusBeta1);
            float vi = FloatMath.fma(s.beta2, v[i], d * d * s.oneMinusBeta2);
            m[i] = mi;
            v[i] = vi;
            float denominator = FloatMath.fma((float) Math.sqrt(vi), s.root, s.eps);
            w[i] = FloatMath.fma(w[i], s.decay, -(s.rate * mi / denominator));
        }
    }

    /**
     * One SGD update with momentum: d = gradScale g + coupled w; b = momentum b + rest d; w = keep w - lr (direct d +
     * buffered b).
     */
    void sgd(float[] w, float[] g, float[] b, int from, int n, SgdScalars s) {
        for (int i = from; i < from + n; i++) {
            float d = FloatMath.fma(s.coupled, w[i], g[i] * s.gradScale);
            float bi = FloatMath.fma(s.rest, d, s.momentum * b[i]);
            b[i] = bi;
            float direction = FloatMath.fma(s.buffered, bi, s.direct * d);
            w[i] = FloatMath.fma(-s.lr, direction, s.keep * w[i]);
        }
    }

    /** Scalars of one SGD segment, in single precision. */
    static final class SgdScalars {
        float gradScale;
        float coupled;
        float momentum;
        float rest;
        float direct;
        float buffered;
        float keep;
        float lr;
    }

    /** Scalars of one AdamW segment, in single precision. */
    static final class AdamScalars {
        float gradScale;
        float beta1;
        float oneMinusBeta1;
        float beta2;
        float oneMinusBeta2;
        float decay;
        float rate;
        float root;
        float eps;
    }
}
