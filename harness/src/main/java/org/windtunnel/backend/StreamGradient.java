package org.windtunnel.backend;

import org.windtunnel.tensor.Tensor;

/**
 * The gradient of the residual stream.
 *
 * @param exact [N, D]
 * @param rounded [N, D], the same in the operands' type; null where that is no type of its own
 */
public record StreamGradient(Tensor exact, Tensor rounded) {

    /** The gradient as matrix products take it. */
    public Tensor operand() {
        return rounded == null ? exact : rounded;
    }
}
