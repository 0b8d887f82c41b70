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
     * @param offset first element of each slice of weights and gradients
     * @param stateOffset first element of each slice of the state, which may hold fewer parameters
     * @param length elements of each slice
     * @param lr learning rate of each slice, schedule and multipliers included
     * @param weightDecay decay of each slice
     * @param eps Adam's epsilon of each slice (unused by SGD)
     */
    record Segments(
            long[] offset, long[] stateOffset, long[] length, double[] lr, double[] weightDecay, double[] eps) {
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
     * SGD with momentum as in torch.optim.SGD: d = g · gradScale + wd · w; the buffer is d at step 1 and
     * μ b + (1-dampening) d later; w -= lr · (nesterov ? d + μ b : b).
     *
     * @param buffer momentum, or null for plain SGD
     * @param decoupled decay is w = w(1 - wd) before the update, the rate left to the caller, instead of wd · w in d
     */
    void sgd(
            Segments segments,
            Tensor w,
            Tensor g,
            Tensor buffer,
            double momentum,
            double dampening,
            boolean nesterov,
            boolean decoupled,
            long step,
            double gradScale);

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
