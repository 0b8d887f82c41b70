package org.windtunnel.backend.cuda;

import org.windtunnel.backend.AdamScalars;
import org.windtunnel.backend.Grouping;
import org.windtunnel.backend.OptimizerKernels;
import org.windtunnel.backend.ProjectedMatrices;
import org.windtunnel.backend.SgdScalars;
import org.windtunnel.backend.Slices;
import org.windtunnel.tensor.Tensor;

/** The kernels of optimizers; none of them waits for the card. */
final class CudaOptimizers implements OptimizerKernels {
    private final UpdateKernels update;
    private final SliceKernels slices;
    private final ProjectionKernels projection;

    CudaOptimizers(Calls calls, GemmKernels gemm, Workspace workspace) {
        this.update = new UpdateKernels(calls);
        this.slices = new SliceKernels(calls, workspace);
        this.projection = new ProjectionKernels(calls, gemm, workspace);
    }

    @Override
    public Grouping grouping() {
        return Grouping.CARD;
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
    public void signalToNoise(Slices g, Tensor when, Tensor gradScale, double eps, boolean byLargest, Tensor gains) {
        slices.signalToNoise(g, when, gradScale, eps, byLargest, gains);
    }

    @Override
    public void norms(Slices x, Tensor when, Tensor out) {
        slices.norms(x, when, out);
    }

    @Override
    public void scale(Tensor a, Slices x) {
        slices.scale(a, x);
    }

    @Override
    public void axpy(Tensor a, Slices x, Slices y) {
        slices.axpy(a, x, y);
    }

    @Override
    public void combine(Tensor a, Slices x, Tensor b, Slices y, Slices out) {
        slices.combine(a, x, b, y, out);
    }

    @Override
    public void cautiousDecay(Slices w, Slices u, Tensor keep) {
        slices.cautiousDecay(w, u, keep);
    }

    @Override
    public void quotients(Tensor a, Tensor x, Tensor y, double scale, double add, double least, Tensor out) {
        slices.quotients(a, x, y, scale, add, least, out);
    }

    @Override
    public void remember(Tensor first, Tensor values, Tensor kept) {
        slices.remember(first, values, kept);
    }

    @Override
    public void projectedUpdate(ProjectedMatrices matrices) {
        projection.update(matrices);
    }
}
