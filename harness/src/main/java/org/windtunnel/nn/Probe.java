package org.windtunnel.nn;

import org.windtunnel.backend.AttentionKernels.AttentionShape;
import org.windtunnel.tensor.Tensor;

/** Sees what a model's modules put out, for coordinate checks and diagnostics. */
@FunctionalInterface
public interface Probe {

    /**
     * Called in the forward pass after a module.
     *
     * @param module in the style of the family's parameter names: {@code transformer.h.0.attn}, {@code layers.1.mlp}; a
     *     branch's output is what it adds to the residual stream, multiplier included, and the bare block name is the
     *     stream after the block
     * @param output rows of tokens; valid during the call only
     */
    void observe(String module, Tensor output);

    /**
     * Called before an attention with what it multiplies, after QK-norm and rotation.
     *
     * @param module the branch, as in {@link #observe}
     * @param queries N rows at distance ld, each the H heads of a token; keys likewise with the key/value heads
     * @param scale factor on the logits
     */
    default void attention(String module, AttentionShape shape, Tensor queries, Tensor keys, int ld, double scale) {}

    /**
     * Called before {@link #observe} of a module that is one matrix product: output = scale · input · weightᵀ, a bias
     * aside.
     *
     * @param input [N, in]; valid during the call only
     * @param weight [out, in], the live parameter
     */
    default void product(String module, Tensor input, Tensor weight, double scale) {}
}
