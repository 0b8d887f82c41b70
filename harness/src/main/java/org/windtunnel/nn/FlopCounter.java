package org.windtunnel.nn;

import java.util.List;

/** Floating-point operations of a training step, counting matrix products only (a multiply-add is two). */
public final class FlopCounter {
    private FlopCounter() {}

    /**
     * Forward and backward FLOPs per token: 6 · (elements of the matrices that multiply a token: hidden and readout,
     * tied or not) + 12 · L · (H · headDim) · T / 2 for the causal half of attention.
     *
     * @param specs what {@link TransformerFamily#declare} gives for the shape
     */
    public static double perToken(TransformerShape shape, List<ParamSpec> specs) {
        double matrices = shape.tied() ? (double) shape.vocab() * shape.width() : 0;
        for (ParamSpec spec : specs) {
            if (spec.role() == Role.HIDDEN || spec.role() == Role.READOUT) {
                matrices += spec.size();
            }
        }
        return 6 * matrices + 6.0 * shape.depth() * shape.queryWidth() * shape.context();
    }
}
