package org.windtunnel.backend;

import static org.assertj.core.api.Assertions.assertThat;

import org.windtunnel.tensor.Rng;

/**
 * Compares gradients with five-point central differences along random dense directions.
 *
 * <p>A dense direction moves every element of one input at once, so an error in any element shows: a wrong sign or a
 * missing term changes the directional derivative by the same order as the derivative itself. The deviation is taken
 * relative to |g|·|u|/√n, the typical size of g·u, because g·u itself may be close to zero by chance.
 */
final class FiniteDifferences {
    private static final int DIRECTIONS = 3;

    private final double step;
    private final double tolerance;

    /** @param step length of the move of each element, in units of a standard normal direction */
    FiniteDifferences(double step, double tolerance) {
        this.step = step;
        this.tolerance = tolerance;
    }

    void check(Backend backend, GradientCase c, long seed) {
        Rng rng = new Rng(seed, Rng.stream("finite-differences"));
        double[][] inputs = c.inputs();
        double[] weights = TestTensors.normal(rng, 0, forward(backend, c, inputs).length);
        double[][] gradients;
        try (TestTensors tensors = new TestTensors(backend)) {
            gradients = c.backward(tensors, inputs, weights);
        }
        for (int i = 0; i < inputs.length; i++) {
            for (int d = 0; d < DIRECTIONS; d++) {
                double[] direction = TestTensors.normal(rng, 1 + i * DIRECTIONS + d, inputs[i].length);
                double expected = derivative(backend, c, inputs, i, direction, weights);
                double found = dot(gradients[i], direction);
                double scale = Math.sqrt(
                        dot(gradients[i], gradients[i]) * dot(direction, direction) / direction.length);
                assertThat(Math.abs(found - expected) / scale)
                        .as("%s, gradient of %s, direction %d, seed %d, backend %s %s: kernel %s, difference %s",
                                c.name(), c.inputNames()[i], d, seed, backend.name(), backend.floatType(), found,
                                expected)
                        .isLessThan(tolerance);
            }
        }
    }

    private double derivative(
            Backend backend, GradientCase c, double[][] inputs, int i, double[] direction, double[] weights) {
        double near = loss(backend, c, inputs, i, direction, step, weights)
                - loss(backend, c, inputs, i, direction, -step, weights);
        double far = loss(backend, c, inputs, i, direction, 2 * step, weights)
                - loss(backend, c, inputs, i, direction, -2 * step, weights);
        return (8 * near - far) / (12 * step);
    }

    private static double loss(
            Backend backend,
            GradientCase c,
            double[][] inputs,
            int i,
            double[] direction,
            double by,
            double[] weights) {
        double[][] moved = inputs.clone();
        moved[i] = inputs[i].clone();
        for (int j = 0; j < direction.length; j++) {
            moved[i][j] += by * direction[j];
        }
        return dot(forward(backend, c, moved), weights);
    }

    private static double[] forward(Backend backend, GradientCase c, double[][] inputs) {
        try (TestTensors tensors = new TestTensors(backend)) {
            return c.forward(tensors, inputs);
        }
    }

    private static double dot(double[] a, double[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += a[i] * b[i];
        }
        return sum;
    }
}
