package org.windtunnel.backend;

import org.windtunnel.tensor.Tensor;

/**
 * Updates of weights. Numbers that change from step to step, or from run to run of a sweep, are read from memory, so that
 * a step can be recorded and replayed; every kernel takes all tensors of a group.
 */
public interface OptimizerKernels {

    /** What the updates are best given at a time. */
    default Grouping grouping() {
        return Grouping.PROCESSOR;
    }

    /**
     * AdamW with decoupled decay (Loshchilov and Hutter, arXiv 1711.05101), on g · gradScale:
     * w = w(1 - lr·wd); m = β1 m + (1-β1) g; v = β2 v + (1-β2) g²; w -= lr · m̂ / denominator. Other elements of the
     * flat vectors are left alone.
     *
     * @param g gradients, of the sizes of {@code w}, as are {@code m} and {@code v}
     * @param epsInsideCorrection false: denominator sqrt(v̂) + eps (torch); true: sqrt(v) + eps, then the step times
     *     sqrt(1-β2^t)/(1-β1^t)
     * @param gradScale FLOAT64 [1]
     */
    void adamw(
            Slices w, Slices g, Slices m, Slices v, AdamScalars scalars, boolean epsInsideCorrection, Tensor gradScale);

    /**
     * SGD with momentum as in torch.optim.SGD: d = g · gradScale + wd · w; the buffer is d at the first step and
     * μ b + (1-dampening) d later; w -= lr · gain · (nesterov ? d + μ b : b).
     *
     * @param g gradients, of the sizes of {@code w}, as is {@code buffer}
     * @param buffer momentum, or null for plain SGD
     * @param gains one a tensor; null for 1
     * @param decoupled decay is w = w(1 - wd) before the update, the rate left to the caller, instead of wd · w in d
     * @param gradScale FLOAT64 [1]
     */
    void sgd(
            Slices w,
            Slices g,
            Slices buffer,
            SgdScalars scalars,
            Tensor gains,
            boolean nesterov,
            boolean decoupled,
            Tensor gradScale);

    /**
     * Gains of SGD-SaI (arXiv 2412.11768): gain_k = scale·‖g_k‖ / (scale·std(g_k) + eps), with the unbiased standard
     * deviation over all entries, 0 for a single one.
     *
     * @param when FLOAT64 [1]; nothing is done where it is 0
     * @param gradScale FLOAT64 [1]
     * @param byLargest divides the gains by the largest of them
     */
    void signalToNoise(Slices g, Tensor when, Tensor gradScale, double eps, boolean byLargest, Tensor gains);

    /** out_k = ‖x_k‖, from a sum in double. @param when FLOAT64 [1], nothing is done where it is 0; null for always */
    void norms(Slices x, Tensor when, Tensor out);

    /** x_k = a_k · x_k. @param a FLOAT64, one a tensor or one for all, as in the methods below */
    void scale(Tensor a, Slices x);

    /** y_k = a_k · x_k + y_k. */
    void axpy(Tensor a, Slices x, Slices y);

    /** out_k = a_k · x_k + b_k · y_k; {@code out} may be one of them. */
    void combine(Tensor a, Slices x, Tensor b, Slices y, Slices out);

    /** w = (w · u >= 0 ? w · keep_k : w), element by element. */
    void cautiousDecay(Slices w, Slices u, Tensor keep);

    /**
     * out_k = a_k · x_k / max(scale · y_k + add, least), for every element of {@code out}.
     *
     * @param a FLOAT64, of one element for all or as many as {@code out} has, as are the others; null for 1
     * @param y null for no division
     * @param out FLOAT64; may be one of the others
     */
    void quotients(Tensor a, Tensor x, Tensor y, double scale, double add, double least, Tensor out);

    /**
     * Takes numbers over once: kept = values where {@code first} is not 0; values = kept in either case.
     *
     * @param first FLOAT64 [1]
     * @param values FLOAT64
     * @param kept of the backend's type, as many
     */
    void remember(Tensor first, Tensor values, Tensor kept);

    /**
     * APOLLO (arXiv 2412.05270, algorithm 1) for every matrix. With R its projected gradient times gradScale:
     * m = β1 m + (1-β1) R; v = β2 v + (1-β2) R²; n = m / (sqrt(v) + eps); factor = ‖n‖ / (‖R‖ + 1e-8), the norms taken over
     * each row, over each column, or over everything; w = (w - rate · g scaled by its channels' factors) · keep.
     *
     * <p>The rate is such that the update's norm may grow by a factor only (Fira's limiter). With norm = gradScale · front ·
     * ‖g scaled by its channels' factors‖: limit = max(norm / (last + 1e-8), growth) / growth, or 1 at the first step or
     * for growth 0; last = norm / limit; rate = base · gradScale · amplitude / limit.
     */
    void projectedUpdate(ProjectedMatrices matrices);
}
