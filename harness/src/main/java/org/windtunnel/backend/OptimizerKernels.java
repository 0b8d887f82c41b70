package org.windtunnel.backend;

import org.windtunnel.tensor.Tensor;

/**
 * One-pass updates of the flat parameter vector.
 *
 * <p>Per-parameter scalars travel as arrays in {@link Segments}, so one call covers all parameters of a group and a
 * stacked or device implementation can read them from memory.
 */
public interface OptimizerKernels {

    /**
     * Slices of the flat vectors with their own scalars. Elements outside every segment are left alone.
     *
     * @param offset first element of each slice
     * @param length elements of each slice
     * @param lr learning rate of each slice, schedule and multipliers included
     * @param weightDecay decay of each slice
     * @param eps Adam's epsilon of each slice (unused by SGD)
     */
    record Segments(long[] offset, long[] length, double[] lr, double[] weightDecay, double[] eps) {
        public int count() {
            return offset.length;
        }
    }

    /**
     * AdamW with decoupled decay (Loshchilov and Hutter, arXiv 1711.05101), on g · gradScale:
     * w = w(1 - lr·wd); m = β1 m + (1-β1) g; v = β2 v + (1-β2) g²; w -= lr · m̂ / denominator.
     *
     * @param step 1 for the first update
     * @param epsInsideCorrection false: denominator sqrt(v̂) + eps (torch); true: sqrt(v) + eps, then the step times
     *     sqrt(1-β2^t)/(1-β1^t)
     */
    void adamw(
            Segments segments,
            Tensor w,
            Tensor g,
            Tensor m,
            Tensor v,
            double beta1,
            double beta2,
            long step,
            boolean epsInsideCorrection,
            double gradScale);

    /**
     * SGD with momentum and coupled decay as in torch.optim.SGD: d = g · gradScale + wd · w; the buffer is d at step 1
     * and μ b + (1-dampening) d later; w -= lr · (nesterov ? d + μ b : b).
     *
     * @param buffer momentum, or null for plain SGD
     */
    void sgd(
            Segments segments,
            Tensor w,
            Tensor g,
            Tensor buffer,
            double momentum,
            double dampening,
            boolean nesterov,
            long step,
            double gradScale);
}
