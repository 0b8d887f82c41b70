package org.windtunnel.backend.cpu;

import org.windtunnel.backend.AdamScalars;
import org.windtunnel.backend.LinearAlgebra;
import org.windtunnel.backend.ProjectedMatrices.Channels;
import org.windtunnel.backend.SequentialOptimizerKernels;
import org.windtunnel.backend.SgdScalars;
import org.windtunnel.backend.Slices;
import org.windtunnel.tensor.Tensor;

/** The kernels of optimizers: AdamW and SGD over all tensors in one run, others one tensor after the other. */
final class CpuOptimizers extends SequentialOptimizerKernels {
    private final UpdateKernels update;
    private final ProjectionKernels projection;
    private final FlatKernels flat;

    CpuOptimizers(Engine engine, FlatKernels flat, LinearAlgebra algebra) {
        super(algebra);
        this.update = new UpdateKernels(engine);
        this.projection = new ProjectionKernels(engine);
        this.flat = flat;
    }

    @Override
    public void adamw(
            Slices w, Slices g, Slices m, Slices v, AdamScalars scalars, boolean epsInsideCorrection, Tensor gradScale) {
        update.adamw(w, g, m, v, scalars, epsInsideCorrection, gradScale);
    }

    @Override
    public void sgd(
            Slices w,
            Slices g,
            Slices buffer,
            SgdScalars scalars,
            Tensor gains,
            boolean nesterov,
            boolean decoupled,
            Tensor gradScale) {
        update.sgd(w, g, buffer, scalars, gains, nesterov, decoupled, gradScale);
    }

    @Override
    protected void cautiousDecay(Tensor w, Tensor u, double keep) {
        flat.cautiousDecay(w, u, keep);
    }

    @Override
    protected double productAndSquares(
            boolean transA, int rows, int columns, double alpha, Tensor a, Tensor x, Tensor y) {
        return projection.gemvSumOfSquares(transA, rows, columns, alpha, a, x, y);
    }

    @Override
    protected void projectedAdam(
            Channels channels, int rows, int columns, Tensor r, Tensor m, Tensor v, Tensor moments, Tensor factor) {
        projection.projectedAdam(channels, rows, columns, r, m, v, moments.item(0), moments.item(1), moments.item(2),
                factor);
    }

    @Override
    protected double scaledSquares(Channels channels, int rows, int columns, Tensor g, Tensor factor) {
        return projection.scaledSumOfSquares(channels, rows, columns, g, factor);
    }

    @Override
    protected void scaledUpdate(
            Channels channels, int rows, int columns, Tensor w, Tensor g, Tensor factor, double rate, double keep) {
        projection.scaledUpdate(channels, rows, columns, w, g, factor, rate, keep);
    }
}
