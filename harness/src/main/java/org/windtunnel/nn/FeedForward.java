package org.windtunnel.nn;

import org.windtunnel.backend.Backend;
import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.tensor.Tensor;

/** The feed-forward block: projection, activation or SwiGLU, projection. */
final class FeedForward {
    private final Backend backend;
    private final Activation activation;
    private final Linear in;
    private final Linear out;
    private final Tensor pre;
    private final Tensor hidden;
    private final Scratch scratch;

    FeedForward(LayerScope scope, int layer, Scratch scratch) {
        TransformerShape s = scope.shape();
        this.backend = scope.backend();
        this.activation = s.activation();
        this.in = new Linear(scope, scope.names().feedForwardIn(layer));
        this.out = new Linear(scope, scope.names().feedForwardOut(layer));
        this.pre = scope.memory().take(scope.rows(), s.ffnInWidth());
        this.hidden = scope.memory().take(scope.rows(), s.ffnWidth());
        this.scratch = scratch;
    }

    /** [N, F], the hidden layer after the activation. */
    Tensor output() {
        return hidden;
    }

    /** y = x + residualScale · mlp(normed). */
    void forward(Tensor normed, Tensor x, double residualScale, Tensor y) {
        in.multiply(normed, pre);
        if (activation == null) {
            backend.swigluForward(pre, hidden);
        } else {
            backend.activationForward(activation, pre, in.bias(), hidden);
        }
        out.forwardResidual(hidden, x, residualScale, y, scratch.branch());
    }

    /** Leaves the gradient of {@code normed} in scratch.branch(). @param dy gradient of the branch, unscaled */
    void backward(Tensor normed, Tensor dy, double residualScale, boolean accumulate) {
        out.backward(hidden, dy, residualScale, scratch.hidden(), accumulate);
        Tensor dPre = scratch.hidden();
        if (activation == null) {
            // The pre-activations are not needed again: their gradient takes their place.
            backend.swigluBackward(pre, scratch.hidden(), pre);
            dPre = pre;
        } else {
            backend.activationBackward(activation, pre, dPre);
        }
        in.backward(normed, dPre, 1, scratch.branch(), accumulate);
    }
}
