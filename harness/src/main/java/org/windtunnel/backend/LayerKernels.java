package org.windtunnel.backend;

import org.windtunnel.tensor.Tensor;

/** Normalisation, activation, bias, embedding and loss kernels. */
public interface LayerKernels {

    /** The activation functions of the feed-forward blocks. */
    enum Activation {
        /** x·Φ(x) with the exact normal distribution function. */
        GELU_ERF,
        /** The tanh approximation of GELU (Hendrycks and Gimpel, arXiv 1606.08415). */
        GELU_TANH,
        RELU
    }

    /**
     * y = (x - mean) · rstd · gain + bias by row, with the biased variance.
     *
     * @param x [N, D]
     * @param gain [D]
     * @param bias [D] or null
     * @param y [N, D], not x; may be of the operands' type
     * @param stats [N, 2] receives (mean, rstd) for the backward pass
     */
    void layerNormForward(Tensor x, Tensor gain, Tensor bias, double eps, Tensor y, Tensor stats);

    /**
     * Backward of {@link #layerNormForward}: dx (+)= gradient, dGain and dBias (+)= column sums.
     *
     * @param addToDx true adds to dx (the residual stream's gradient), false overwrites it; dx may be dy
     * @param dBias [D] or null
     */
    void layerNormBackward(
            Tensor x,
            Tensor gain,
            Tensor stats,
            Tensor dy,
            Tensor dx,
            boolean addToDx,
            Tensor dGain,
            Tensor dBias,
            boolean accumulate);

    /**
     * y = x · rsqrt(mean(x²) + eps) · gain over groups of {@code width} consecutive elements.
     *
     * <p>{@code rows} rows of {@code groups} adjacent groups each, at row distances ldx and ldy: (N, 1, D) is an
     * ordinary RMSNorm, (N, heads, headDim) with the row distance of a packed projection is QK-norm.
     *
     * @param gain [width], shared by all groups
     * @param y may be of the operands' type
     * @param rstd [rows · groups] receives the reciprocal root mean squares
     */
    void rmsNormForward(
            int rows,
            int groups,
            int width,
            Tensor x,
            int ldx,
            Tensor gain,
            double eps,
            Tensor y,
            int ldy,
            Tensor rstd);

    /**
     * Backward of {@link #rmsNormForward}; dx has x's row distance, dy has y's; dx may be dy when ldx = ldy, or of the
     * operands' type when nothing is added to it.
     */
    void rmsNormBackward(
            int rows,
            int groups,
            int width,
            Tensor x,
            int ldx,
            Tensor gain,
            Tensor rstd,
            Tensor dy,
            int ldy,
            Tensor dx,
            boolean addToDx,
            Tensor dGain,
            boolean accumulate);

    /** x += bias by row. x is [N, D], bias [D]. */
    void addBias(Tensor x, Tensor bias);

    /** out (+)= column sums of x, the gradient of a bias. x is [N, D], out [D]. */
    void columnSum(Tensor x, Tensor out, boolean accumulate);

    /**
     * x += bias; y = activation(x).
     *
     * @param x [N, F], keeps the pre-activation with the bias added
     * @param bias [F] or null
     * @param y [N, F], may be x when no backward pass follows; both are of one type, which may be the operands'
     */
    void activationForward(Activation kind, Tensor x, Tensor bias, Tensor y);

    /**
     * dx = dy · activation'(x); x is the pre-activation that the forward pass kept.
     *
     * @param dx may be dy; all are of one type, which may be the operands'
     */
    void activationBackward(Activation kind, Tensor x, Tensor dy, Tensor dx);

    /**
     * The same, and the gradient of a bias that was added to x: dBias (+)= column sums of dx, before any rounding.
     *
     * @param x [N, F]
     * @param dBias [F] or null
     */
    default void activationBackward(
            Activation kind, Tensor x, Tensor dy, Tensor dx, Tensor dBias, boolean accumulate) {
        activationBackward(kind, x, dy, dx);
        if (dBias != null) {
            columnSum(dx, dBias, accumulate);
        }
    }

    /**
     * y = silu(gate) · up (Shazeer, arXiv 2002.05202). gateUp is [N, 2F], gate in the first F columns; y is [N, F].
     * Both are of one type, which may be the operands'.
     */
    void swigluForward(Tensor gateUp, Tensor y);

    /**
     * Backward of {@link #swigluForward}: overwrites dGateUp [N, 2F], which may be gateUp itself. All are of one type,
     * which may be the operands'.
     */
    void swigluBackward(Tensor gateUp, Tensor dy, Tensor dGateUp);

    /**
     * out[n] = mult · (tokenTable[ids[n]] + positionTable[n mod T]).
     *
     * @param ids INT32 [N]
     * @param tokenTable [V, D]
     * @param positionTable [at least T, D] or null
     * @param out [N, D]
     */
    void embeddingForward(Tensor ids, int t, Tensor tokenTable, Tensor positionTable, double mult, Tensor out);

    /**
     * Backward of {@link #embeddingForward}. Rows are added in the order of n, so the result does not depend on the
     * number of threads.
     *
     * @param accumulateTokens false clears dTokenTable first (a tied table already holds the readout's gradient)
     */
    void embeddingBackward(
            Tensor ids,
            int t,
            Tensor dOut,
            double mult,
            Tensor dTokenTable,
            boolean accumulateTokens,
            Tensor dPositionTable,
            boolean accumulatePositions);

    /**
     * Cross entropy of softmax(logits) with optional z-loss: Σ_n (lse_n - logit_n[target]) and Σ_n lse_n², and, when
     * {@code gradient} is given, gradScale · ∂(Σ nll + zWeight · Σ lse²)/∂logits.
     *
     * @param logits [N, V]
     * @param targets INT32 [N]; a negative target leaves its row out (zero gradient)
     * @param gradient null for none, the logits to have them overwritten, or [N, V or more] of the operands' type
     * @param sums receives {Σ nll, Σ lse², number of rows counted}, accumulated in double; null leaves them to
     *     {@link LateFigures}, on a backend that has those
     */
    void crossEntropy(
            Tensor logits, Tensor targets, double zWeight, double gradScale, Tensor gradient, double[] sums);

    /**
     * Squared error against one-hot targets: Σ_n ½ ‖logits_n - e_target‖², and, when {@code gradient} is given,
     * gradScale · (logits - e_target).
     *
     * @param logits [N, V]
     * @param targets INT32 [N]; a negative target leaves its row out (zero gradient)
     * @param gradient null for none, the logits to have them overwritten, or [N, V or more] of the operands' type
     * @param sums receives {Σ loss, Σ ‖logits_n‖², number of rows counted}, accumulated in double; null leaves them to
     *     {@link LateFigures}, on a backend that has those
     */
    void squaredError(Tensor logits, Tensor targets, double gradScale, Tensor gradient, double[] sums);

    /**
     * {@link #crossEntropy} with its gradient in the place of the logits, against soft targets: the second sum is the
     * same.
     *
     * @param targets first labels, INT32 [N]; a negative one leaves its row out
     */
    void softCrossEntropy(
            Tensor logits, Tensor targets, SoftTargets soft, double zWeight, double gradScale, double[] sums);

    /**
     * {@link #squaredError} with its gradient in the place of the logits, against soft targets: the second sum is the
     * same.
     *
     * @param targets first labels, INT32 [N]; a negative one leaves its row out
     */
    void softSquaredError(Tensor logits, Tensor targets, SoftTargets soft, double gradScale, double[] sums);
}
