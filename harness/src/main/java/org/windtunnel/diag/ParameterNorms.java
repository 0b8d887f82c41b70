package org.windtunnel.diag;

import org.windtunnel.backend.Backend;
import org.windtunnel.nn.Model;
import org.windtunnel.nn.Parameters;
import org.windtunnel.tensor.Tensor;

/** Norms of every parameter's weights, gradient and update over one step. */
final class ParameterNorms {
    private final Backend backend;
    private final Parameters parameters;
    private final Tensor copy;
    private final Tensor update;
    private final double[] weights;
    private final double[] gradients;
    private final double[] updates;

    /** @param copy receives the weights before the step, @param update the step itself; both as long as the weights */
    ParameterNorms(Backend backend, Model model, Tensor copy, Tensor update) {
        this.backend = backend;
        this.parameters = model.parameters();
        this.copy = copy;
        this.update = update;
        this.weights = new double[parameters.specs().size()];
        this.gradients = new double[weights.length];
        this.updates = new double[weights.length];
    }

    void beforeUpdate() {
        backend.copy(parameters.weights(), copy);
        norms(copy, weights);
        norms(parameters.gradients(), gradients);
    }

    void afterUpdate() {
        backend.copy(parameters.weights(), update);
        backend.axpy(-1, copy, update);
        norms(update, updates);
    }

    private void norms(Tensor flat, double[] into) {
        for (int i = 0; i < into.length; i++) {
            int[] shape = parameters.specs().get(i).shape();
            into[i] = Math.sqrt(backend.sumOfSquares(flat.slice(parameters.offset(i), shape)));
        }
    }

    /** Frobenius norm of parameter {@code i} before the step. */
    double weight(int i) {
        return weights[i];
    }

    /** Norm of its gradient, before clipping. */
    double gradient(int i) {
        return gradients[i];
    }

    /** Norm of what the step added to it. */
    double update(int i) {
        return updates[i];
    }
}
