package org.windtunnel.backend;

import org.windtunnel.tensor.StoragePolicy;
import org.windtunnel.tensor.Tensor;

/** Rotary positions and causal self-attention over packed projections. */
public interface AttentionKernels {

    /**
     * Sizes of one attention call.
     *
     * @param batch sequences B
     * @param time context length T
     * @param heads query heads H
     * @param kvHeads key/value heads, a divisor of H (grouped-query attention, arXiv 2305.13245)
     * @param headDim elements per head
     */
    record AttentionShape(int batch, int time, int heads, int kvHeads, int headDim) {
        public AttentionShape {
            if (heads % kvHeads != 0) {
                throw new IllegalArgumentException("heads " + heads + " is not a multiple of kv_heads " + kvHeads);
            }
        }

        /** Token rows N = B·T. */
        public int rows() {
            return batch * time;
        }

        /** The shape of what is kept between forward and backward pass: probabilities, or two numbers a query. */
        public int[] saved(StoragePolicy policy) {
            int sequences = Math.multiplyExact(batch, heads);
            return policy.keepsProbabilities() ? new int[] {sequences, time, time} : new int[] {2, sequences, time};
        }
    }

    /**
     * y = x rotated by position (RoPE, arXiv 2104.09864), half-split pairs (i, i + headDim/2).
     *
     * @param x rows of {@code heads} adjacent heads at row distance ldx; row n is at position n mod T
     * @param cos [T, headDim/2]
     * @param sin [T, headDim/2]
     * @param inverse rotate backwards, which is the gradient of the forward rotation
     * @param y likewise at row distance ldy; may be x when ldx = ldy, or of the operands' type
     */
    void rope(
            int rows,
            int t,
            int heads,
            int headDim,
            Tensor x,
            int ldx,
            Tensor cos,
            Tensor sin,
            boolean inverse,
            Tensor y,
            int ldy);

    /**
     * out = softmax(scale · q·kᵀ, causal) · v per head.
     *
     * @param q N rows of H heads at row distance ldq (k, v: kvHeads heads)
     * @param out N rows of H heads at row distance ldo, overwritten; may be of the operands' type
     * @param saved [{@link Backend#attentionSavedSize}], whatever the backend wants to keep
     */
    void attentionForward(
            AttentionShape s,
            Tensor q,
            int ldq,
            Tensor k,
            int ldk,
            Tensor v,
            int ldv,
            double scale,
            Tensor out,
            int ldo,
            Tensor saved);

    /**
     * Backward of {@link #attentionForward}: overwrites dq, dk, dv, which have the row distances of q, k, v given
     * here; each may be of the operands' type. {@code saved} may be destroyed.
     */
    void attentionBackward(
            AttentionShape s,
            Tensor q,
            int ldq,
            Tensor k,
            int ldk,
            Tensor v,
            int ldv,
            double scale,
            Tensor out,
            Tensor dOut,
            int ldo,
            Tensor saved,
            Tensor dq,
            int lddq,
            Tensor dk,
            int lddk,
            Tensor dv,
            int lddv);
}
