package org.windtunnel.nn;

/**
 * The constants a parameterization puts into the forward pass.
 *
 * @param embedding on the sum of token and position embeddings
 * @param attention on q·k (1/sqrt(head_dim) under SP)
 * @param residual on each branch before it is added to the residual stream
 * @param readout on the input of the readout matrix
 */
public record ForwardMultipliers(double embedding, double attention, double residual, double readout) {

    /** Standard parameterization: 1/sqrt(headDim) for attention, 1 elsewhere. */
    public static ForwardMultipliers standard(int headDim) {
        return new ForwardMultipliers(1, 1 / Math.sqrt(headDim), 1, 1);
    }
}
