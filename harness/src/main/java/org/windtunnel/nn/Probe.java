package org.windtunnel.nn;

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
}
