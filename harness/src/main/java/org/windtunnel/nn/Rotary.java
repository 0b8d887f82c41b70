package org.windtunnel.nn;

import org.windtunnel.backend.Backend;
import org.windtunnel.tensor.Tensor;

/** The angle tables of rotary positions: position · theta^(-2i/headDim) for pair i (arXiv 2104.09864). */
final class Rotary {
    private final Backend backend;
    private final int rows;
    private final int context;
    private final int headDim;
    private final Tensor cos;
    private final Tensor sin;

    Rotary(Wiring w) {
        TransformerShape s = w.shape();
        this.backend = w.backend();
        this.rows = w.rows();
        this.context = s.context();
        this.headDim = s.headDim();
        int half = headDim / 2;
        this.cos = w.memory().take(context, half);
        this.sin = w.memory().take(context, half);
        if (cos.storage() != null) {
            fill(s.ropeTheta(), half);
        }
    }

    private void fill(double theta, int half) {
        double[] c = new double[context * half];
        double[] s = new double[context * half];
        for (int t = 0; t < context; t++) {
            for (int i = 0; i < half; i++) {
                double angle = t * Math.pow(theta, -2.0 * i / headDim);
                c[t * half + i] = Math.cos(angle);
                s[t * half + i] = Math.sin(angle);
            }
        }
        cos.set(c);
        sin.set(s);
    }

    /** Rotates {@code heads} adjacent heads of every row in place. */
    void forward(Tensor x, int heads, int ld) {
        backend.rope(rows, context, heads, headDim, x, ld, cos, sin, false, x, ld);
    }

    /** dx = dy rotated back; dx may be dy. */
    void backward(Tensor dy, Tensor dx, int heads, int ld) {
        backend.rope(rows, context, heads, headDim, dy, ld, cos, sin, true, dx, ld);
    }
}
