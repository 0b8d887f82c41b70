package org.windtunnel.backend;

import org.windtunnel.tensor.Tensor;

/**
 * Updates of weights. Numbers that change from step to step, or from run to run of a sweep, are read from memory, so that
 * a step can be recorded and replayed; every kernel takes all tensors of a group.
 */
public interface OptimizerKernels {

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
     * Adam's moments of a projected gradient, and the gradient's scaling factors (APOLLO, arXiv 2412.05270, algorithm 1):
     * m = β1 m + (1-β1) r; v = β2 v + (1-β2) r²; n = m / (sqrt(v) + eps); factor = ‖n‖ / (‖r‖ + 1e-8), the norms taken
     * over each row, over each column, or over everything.
     *
     * @param r projected gradient [rows, columns]
     * @param m first moment, as {@code r}
     * @param v second moment, as {@code r}
     * @param factor receives one factor a row, a column, or one
     */
    void projectedAdam(
            Channels channels,
            int rows,
            int columns,
            Tensor r,
            Tensor m,
            Tensor v,
            double beta1,
            double beta2,
            double eps,
            Tensor factor);

    /** ‖g scaled by its channels' factors‖², accumulated in double. @param g [rows, columns] */
    double scaledSumOfSquares(Channels channels, int rows, int columns, Tensor g, Tensor factor);

    /** w = (w - rate · g scaled by its channels' factors) · keep. @param w weights [rows, columns], as {@code g} */
    void scaledUpdate(
            Channels channels, int rows, int columns, Tensor w, Tensor g, Tensor factor, double rate, double keep);

    /** w = (w · u >= 0 ? w · keep : w), element by element. */
    void cautiousDecay(Tensor w, Tensor u, double keep);

    /** What a scaling factor belongs to. */
    enum Channels {
        ROWS,
        COLUMNS,
        ALL;

        /** Number of factors of a matrix. */
        public int count(int rows, int columns) {
            return switch (this) {
                case ROWS -> rows;
                case COLUMNS -> columns;
                case ALL -> 1;
            };
        }
    }
}
