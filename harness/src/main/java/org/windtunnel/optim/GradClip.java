package org.windtunnel.optim;

import org.windtunnel.backend.LateFigures;
import org.windtunnel.backend.LinearAlgebra;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/** Clipping by the global l2 norm of the gradients, as torch.nn.utils.clip_grad_norm_ does it. */
public final class GradClip {
    private static final double EPS = 1e-6;

    private final double limit;
    private final Tensor limitInMemory;

    /** @param limit largest norm, or 0 for no clipping */
    public GradClip(double limit, Allocator memory) {
        this.limit = limit;
        this.limitInMemory = memory.take(DType.FLOAT64, 1);
        if (limitInMemory.storage() != null) {
            limitInMemory.put(0, limit);
        }
    }

    /** Global l2 norm of all gradients. */
    public static double norm(LinearAlgebra backend, Tensor gradients) {
        return Math.sqrt(backend.sumOfSquares(gradients));
    }

    /**
     * Factor on the gradients, min(1, limit / (norm + 1e-6)); what {@link Optimizer#gradScale} is to be.
     *
     * @param limit largest norm, or 0 for no clipping
     * @return NaN if the norm is NaN and clipping is on
     */
    public static double factor(double norm, double limit) {
        return limit == 0 ? 1 : Math.min(1, limit / (norm + EPS));
    }

    /** As above with this limit. */
    public double factor(double norm) {
        return factor(norm, limit);
    }

    /** Finds the factor where the norm is on the device. @param into FLOAT64 [1] */
    public void factor(LateFigures figures, Tensor into) {
        figures.clipFactor(limitInMemory, EPS, into);
    }
}
