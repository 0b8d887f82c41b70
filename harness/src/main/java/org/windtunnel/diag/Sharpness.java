package org.windtunnel.diag;

import org.windtunnel.backend.Backend;
import org.windtunnel.nn.Model;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

/**
 * The sharpness of the loss at the current weights: the largest eigenvalue of its Hessian on the batch that the model holds
 * (Cohen et al., arXiv 2103.00065), by Lanczos on Hessian-vector products.
 *
 * <p>A product is a central difference of gradients, (∇L(w + εv) - ∇L(w - εv)) / 2ε. Its error has two parts: rounding of
 * the gradients, which shrinks with ε, and the third derivative, which grows with ε². ε is chosen so that the gradient
 * changes by a set share of itself: large against its rounding, small against its length.
 */
final class Sharpness {
    /** Share of the gradient's length by which a difference step changes it. */
    private static final double CHANGE = 0.02;

    /** How far from it the share may be before a product is done again with another step. */
    private static final double SLACK = 16;

    private static final int MAX_ATTEMPTS = 4;
    private static final double TOLERANCE = 0.01;

    private final Backend backend;
    private final Model model;
    private final Lanczos lanczos;
    private final Tensor[] work = new Tensor[3];
    private final double zWeight;
    private final double[] sums = new double[3];

    private Tensor weights;
    private double gradScale;
    private double gradientNorm;
    private double weightNorm;
    private double epsilon;
    private int passes;

    /**
     * @param value the eigenvalue
     * @param error some eigenvalue lies within this distance of it
     * @param passes forward and backward passes it took
     */
    record Result(double value, double error, int passes) {}

    /**
     * @param backend null if the allocator only counts
     * @param zWeight weight of the z-loss, which is part of the loss
     */
    Sharpness(
            Backend backend,
            Model model,
            int parameters,
            double zWeight,
            HostVectors host,
            int maxSteps,
            Allocator memory) {
        this.backend = backend;
        this.model = model;
        this.zWeight = zWeight;
        this.lanczos = new Lanczos(backend, host, maxSteps);
        for (int i = 0; i < work.length; i++) {
            work[i] = memory.take(parameters);
        }
    }

    /** As long as the parameters, and free between measurements. */
    Tensor scratch() {
        return work[0];
    }

    /**
     * Overwrites the gradients; the weights are what they were, bit for bit, when it returns.
     *
     * @param copy of the weights, equal to them
     * @param targets positions that count in the loss, which is their mean
     */
    Result measure(Tensor copy, long targets) {
        weights = model.parameters().weights();
        gradScale = 1.0 / targets;
        passes = 0;
        try {
            gradient();
            gradientNorm = Math.sqrt(backend.sumOfSquares(model.parameters().gradients()));
            weightNorm = Math.sqrt(backend.sumOfSquares(copy));
            epsilon = 1e-3 * weightNorm;
            Lanczos.Result top = lanczos.largest((x, y) -> product(copy, x, y), work, new Rng(0, 1), TOLERANCE);
            return new Result(top.value(), top.error(), passes);
        } finally {
            backend.copy(copy, weights);
        }
    }

    private void gradient() {
        model.forwardBackward(gradScale, zWeight, false, sums);
        passes++;
    }

    /** y = H x, with a step that carries over from product to product and is corrected where it is far off. */
    private void product(Tensor copy, Tensor x, Tensor y) {
        for (int attempt = 1; ; attempt++) {
            difference(copy, x, y);
            double change = Math.sqrt(backend.sumOfSquares(y)) / 2;
            double used = epsilon;
            if (change > 0 && gradientNorm > 0) {
                double wanted = epsilon * Math.min(1e3, Math.max(1e-3, CHANGE * gradientNorm / change));
                epsilon = Math.min(0.1 * weightNorm, Math.max(1e-6 * weightNorm, wanted));
            }
            double off = Math.max(epsilon / used, used / epsilon);
            if (off <= SLACK || attempt == MAX_ATTEMPTS || !Double.isFinite(change)) {
                backend.scale(1 / (2 * used), y);
                return;
            }
        }
    }

    /** y = ∇L(w + εx) - ∇L(w - εx). */
    private void difference(Tensor copy, Tensor x, Tensor y) {
        backend.copy(copy, weights);
        backend.axpy(epsilon, x, weights);
        gradient();
        backend.copy(model.parameters().gradients(), y);
        backend.copy(copy, weights);
        backend.axpy(-epsilon, x, weights);
        gradient();
        backend.axpy(-1, model.parameters().gradients(), y);
    }
}
