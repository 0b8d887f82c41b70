package org.windtunnel.optim;

import org.windtunnel.backend.LateFigures;
import org.windtunnel.backend.LinearAlgebra;
import org.windtunnel.tensor.Tensor;

/** Clipping by the global l2 norm of the gradients, as torch.nn.utils.clip_grad_norm_ does it. */
public final class GradClip {
    private static final double EPS = 1e-6;

    private GradClip() {}

    /** Global l2 norm of all gradients. */
    public static double norm(LinearAlgebra backend, Tensor gradients) {
        return Math.sqrt(backend.sumOfSquares(gradients));
    }

    /** Clips by {@link #factor} where the norm is on the device. */
    public static void clip(LateFigures figures, Tensor gradients, double limit) {
        if (limit != 0) {
            figures.clip(gradients, limit, EPS);
        }
    }

    /**
     * Factor on the gradients, min(1, limit / (norm + 1e-6)); what {@link Optimizer#step} takes as {@code gradScale}.
     *
     * @param limit largest norm, or 0 for no clipping
     * @return NaN if the norm is NaN and clipping is on
     */
    public static double factor(double norm, double limit) {
        return limit == 0 ? 1 : Math.min(1, limit / (norm + EPS));
    }
}
