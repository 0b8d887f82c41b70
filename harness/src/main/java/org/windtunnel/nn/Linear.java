package org.windtunnel.nn;

import org.windtunnel.backend.Backend;
import org.windtunnel.backend.Shapes;
import org.windtunnel.backend.StreamGradient;
import org.windtunnel.tensor.Tensor;

/** y = scale · (x · Wᵀ + b) with W stored [out, in]. */
final class Linear {
    private final Backend backend;
    private final int rows;
    private final int in;
    private final int out;
    private final Parameters.Matrix matrix;
    private final Tensor bias;
    private final Tensor dBias;
    private final double scale;
    private final Tensor scaledBias;

    /** @param scratch at least [out], for a bias with a scale other than 1; else unused */
    Linear(
            Backend backend,
            int rows,
            Parameters.Matrix matrix,
            Tensor bias,
            Tensor dBias,
            double scale,
            Tensor scratch) {
        this.backend = backend;
        this.rows = rows;
        this.in = matrix.weight().dim(1);
        this.out = matrix.weight().dim(0);
        this.matrix = matrix;
        this.bias = bias;
        this.dBias = dBias;
        this.scale = scale;
        this.scaledBias = bias == null || scale == 1 ? null : scratch.slice(0, out);
    }

    /** Shows a probe what the module of this name multiplies; none if {@code probe} is null. */
    void show(Probe probe, String module, Tensor x) {
        if (probe != null) {
            probe.product(module, x, matrix.weight(), scale);
        }
    }

    /** y = scale · x · Wᵀ: the bias is left to a kernel that adds it on its way. */
    void product(Tensor x, Tensor y) {
        backend.gemm(false, true, rows, out, in, scale, x, in, matrix.operand(), in, 0, y, out);
    }

    /** The bias for that kernel, or null; only for layers with scale 1. */
    Tensor bias() {
        return bias;
    }

    /** The gradient that belongs to {@link #bias}, for the kernel that sums it up on its way. */
    Tensor biasGradient() {
        return dBias;
    }

    /** y = scale · (x · Wᵀ + b). */
    void forward(Tensor x, Tensor y) {
        product(x, y);
        addBias(y);
    }

    /** scale · b, for the kernel that adds it on its way; null without biases. Valid until the next use of scratch. */
    Tensor branchBias() {
        if (scaledBias == null) {
            return bias;
        }
        backend.copy(bias, scaledBias);
        backend.scale(scale, scaledBias);
        return scaledBias;
    }

    /** y += scale · (x · Wᵀ + b). */
    void addTo(Tensor x, Tensor y) {
        backend.gemm(false, true, rows, out, in, scale, x, in, matrix.operand(), in, 1, y, out);
        addBias(y);
    }

    private void addBias(Tensor y) {
        if (bias != null) {
            backend.addBias(y, branchBias());
        }
    }

    /** Weight and bias gradients from the input and dy, and dx = scale · dy · W, overwritten; none if dx is null. */
    void backward(Tensor x, Tensor dy, Tensor dx, boolean accumulate) {
        if (bias != null) {
            biasBackward(dy, accumulate);
        }
        productBackward(x, dy, dx, accumulate);
    }

    /** The same where dy joins the stream. */
    void backward(Tensor x, StreamGradient dy, Tensor dx, boolean accumulate) {
        if (bias != null) {
            biasBackward(dy.exact(), accumulate);
        }
        productBackward(x, dy.operand(), dx, accumulate);
    }

    /**
     * The same without the bias.
     *
     * @param dy [N, out], or rows of more that lie further apart
     */
    void productBackward(Tensor x, Tensor dy, Tensor dx, boolean accumulate) {
        int lddy = Shapes.columns(dy);
        if (dx != null) {
            backend.linearBackward(
                    rows, in, out, scale, x, matrix.operand(), dy, lddy, dx, matrix.gradient(), accumulate);
        } else {
            backend.gemm(
                    true, false, out, in, rows, scale, dy, lddy, x, in, accumulate ? 1 : 0, matrix.gradient(), in);
        }
    }

    private void biasBackward(Tensor dy, boolean accumulate) {
        if (scaledBias == null) {
            backend.columnSum(dy, dBias, accumulate);
        } else if (accumulate) {
            backend.columnSum(dy, scaledBias, false);
            backend.axpy(scale, scaledBias, dBias);
        } else {
            backend.columnSum(dy, dBias, false);
            backend.scale(scale, dBias);
        }
    }
}
