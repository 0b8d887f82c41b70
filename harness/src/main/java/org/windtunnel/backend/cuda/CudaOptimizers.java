package org.windtunnel.backend.cuda;

import org.windtunnel.backend.AdamScalars;
import org.windtunnel.backend.OptimizerKernels;
import org.windtunnel.backend.SgdScalars;
import org.windtunnel.backend.Slices;
import org.windtunnel.tensor.Tensor;

/** The kernels of optimizers; none of them waits for the card. */
final class CudaOptimizers implements OptimizerKernels {
    private final Calls calls;
    private final UpdateKernels update;
    private final SliceKernels slices;
    private final ProjectionKernels projection;

    CudaOptimizers(Calls calls, GemmKernels gemm, Reductions reductions, Workspace workspace) {
        this.calls = calls;
        this.update = new UpdateKernels(calls);
        this.slices = new SliceKernels(calls, workspace);
        this.projection = new ProjectionKernels(calls, gemm, reductions);
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
    public void product(
            boolean transA,
            boolean transB,
            int m,
            int n,
            int k,
            Tensor alpha,
            Tensor a,
            int lda,
            Tensor b,
            int ldb,
            Tensor c) {
        projection.product(transA, transB, m, n, k, alpha, a, lda, b, ldb, c);
    }

    @Override
    public void productAndSquares(
            boolean transA, int rows, int columns, Tensor alpha, Tensor a, Tensor x, Tensor y, Tensor squares) {
        product(transA, rows, columns, alpha, a, x, y);
        projection.squares(a, squares);
    }

    @Override
    public void projectedAdam(
            Channels channels, int rows, int columns, Tensor r, Tensor m, Tensor v, Tensor moments, Tensor factor) {
        projection.projectedAdam(channels, rows, columns, r, m, v, moments, factor);
    }

    @Override
    public void scaledSquares(Channels channels, int rows, int columns, Tensor g, Tensor factor, Tensor out) {
        projection.scaledSquares(channels, rows, columns, g, factor, out);
    }

    @Override
    public void limitedRate(
            Tensor numbers, Tensor squares, Tensor factor, Tensor gradScale, Tensor last, Tensor rate) {
        calls.to("limited_rate")
                .doubles(numbers)
                .doubles(squares)
                .tensor(factor)
                .doubles(gradScale)
                .tensor(last)
                .doubles(rate)
                .grid(1, 1, 1, Calls.WARP, 0);
    }

    @Override
    public void scaledUpdate(
            Channels channels, int rows, int columns, Tensor w, Tensor g, Tensor factor, Tensor rate, Tensor keep) {
        projection.scaledUpdate(channels, rows, columns, w, g, factor, rate, keep);
    }
}
