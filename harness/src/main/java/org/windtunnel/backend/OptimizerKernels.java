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
     * C = alpha · op(A) · op(B), row-major without gaps in C; op(A) is m×k, op(B) is k×n.
     *
     * @param alpha FLOAT64 [1]
     */
    void product(
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            Tensor alpha,
            Tensor a,
            int lda,
            Tensor b,
            int ldb,
            Tensor c);

    /**
     * y = alpha · op(A) · x for a matrix of adjacent rows.
     *
     * @param transA false: x has {@code columns} elements and y {@code rows}; true: the other way round
     * @param alpha FLOAT64 [1]
     */
    default void product(boolean transA, int rows, int columns, Tensor alpha, Tensor a, Tensor x, Tensor y) {
        if (transA) {
            product(true, false, 1, columns, rows, alpha, x, 1, a, columns, y);
        } else {
            product(false, true, rows, 1, columns, alpha, a, columns, x, columns, y);
        }
    }

    /**
     * The same, and the sum of squares of A, for which a backend need read A once only.
     *
     * @param squares FLOAT64 [1]
     */
    void productAndSquares(
            boolean transA, int rows, int columns, Tensor alpha, Tensor a, Tensor x, Tensor y, Tensor squares);

    /**
     * Adam's moments of a projected gradient, and the gradient's scaling factors (APOLLO, arXiv 2412.05270, algorithm 1):
     * m = β1 m + (1-β1) r; v = β2 v + (1-β2) r²; n = m / (sqrt(v) + eps); factor = ‖n‖ / (‖r‖ + 1e-8), the norms taken
     * over each row, over each column, or over everything.
     *
     * @param r projected gradient [rows, columns]
     * @param m first moment, as {@code r}
     * @param v second moment, as {@code r}
     * @param moments FLOAT64: β1, β2, eps
     * @param factor receives one factor a row, a column, or one
     */
    void projectedAdam(
            Channels channels, int rows, int columns, Tensor r, Tensor m, Tensor v, Tensor moments, Tensor factor);

    /** out = ‖g scaled by its channels' factors‖², summed in double. @param g [rows, columns] @param out FLOAT64 [1] */
    void scaledSquares(Channels channels, int rows, int columns, Tensor g, Tensor factor, Tensor out);

    /**
     * Rate of an update whose norm may grow by a factor only (Fira's limiter as in APOLLO). With norm = gradScale · front ·
     * factor · sqrt(squares): limit = max(norm / (last + 1e-8), growth) / growth, or 1 at the first step or without a
     * limit; last = norm / limit; rate = base · gradScale · amplitude / limit.
     *
     * @param numbers FLOAT64: base, front, amplitude, growth or 0 for no limit, and 1 at the first step or 0
     * @param squares FLOAT64 [1]
     * @param factor [1]; null for 1
     * @param gradScale FLOAT64 [1]
     * @param last [1], the norm of the last update
     * @param rate FLOAT64 [1]
     */
    void limitedRate(Tensor numbers, Tensor squares, Tensor factor, Tensor gradScale, Tensor last, Tensor rate);

    /**
     * w = (w - rate · g scaled by its channels' factors) · keep.
     *
     * @param w weights [rows, columns], as {@code g}
     * @param rate FLOAT64 [1], as is {@code keep}
     */
    void scaledUpdate(
            Channels channels, int rows, int columns, Tensor w, Tensor g, Tensor factor, Tensor rate, Tensor keep);

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
