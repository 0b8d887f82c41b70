package org.windtunnel.nn;

import org.windtunnel.backend.Backend;
import org.windtunnel.tensor.Tensor;

/** y = x · Wᵀ + b with W [out, in], possibly several neighbouring projections as one. */
final class Linear {
    private final Backend backend;
    private final int rows;
    private final int in;
    private final int out;
    private final Tensor weight;
    private final Tensor weightGrad;
    private final Tensor bias;
    private final Tensor biasGrad;

    Linear(LayerScope scope, String... modules) {
        this.backend = scope.backend();
        this.rows = scope.rows();
        String[] weights = TransformerNames.weights(modules);
        this.weight = scope.parameters().fusedWeight(weights);
        this.weightGrad = scope.parameters().fusedGradient(weights);
        this.out = weight.dim(0);
        this.in = weight.dim(1);
        if (scope.shape().bias() && modules.length > 1) {
            throw new IllegalArgumentException("fused projections with biases are not laid out: " + modules[0]);
        }
        String biasName = TransformerNames.bias(modules[0]);
        this.bias = scope.weightOrNull(scope.shape().bias(), biasName);
        this.biasGrad = scope.gradientOrNull(scope.shape().bias(), biasName);
    }

    Tensor bias() {
        return bias;
    }

    /** y = x · Wᵀ, without the bias. */
    void multiply(Tensor x, Tensor y) {
        backend.gemm(false, true, rows, out, in, 1, x, in, weight, in, 0, y, out);
    }

    /** y = x · Wᵀ + b. */
    void forward(Tensor x, Tensor y) {
        multiply(x, y);
        if (bias != null) {
            backend.addBias(y, bias);
        }
    }

    /**
     * y = residual + scale · (x · Wᵀ + b).
     *
     * @param scratch [N, out], used when the bias has to be scaled with the branch
     */
    void forwardResidual(Tensor x, Tensor residual, double scale, Tensor y, Tensor scratch) {
        backend.copy(residual, y);
        if (bias == null || scale == 1) {
            backend.gemm(false, true, rows, out, in, scale, x, in, weight, in, 1, y, out);
            if (bias != null) {
                backend.addBias(y, bias);
            }
        } else {
            forward(x, scratch);
            backend.axpy(scale, scratch, y);
        }
    }

    /** Gradients of scale · (x · Wᵀ + b): parameters accumulate or are overwritten, dx is overwritten. */
    void backward(Tensor x, Tensor dy, double scale, Tensor dx, boolean accumulate) {
        if (biasGrad != null) {
            if (scale != 1) {
                throw new IllegalArgumentException("scale dy first when there is a bias");
            }
            backend.columnSum(dy, biasGrad, accumulate);
        }
        backend.gemm(true, false, out, in, rows, scale, dy, out, x, in, accumulate ? 1 : 0, weightGrad, in);
        backend.gemm(false, false, rows, in, out, scale, dy, out, weight, in, 0, dx, in);
    }
}
