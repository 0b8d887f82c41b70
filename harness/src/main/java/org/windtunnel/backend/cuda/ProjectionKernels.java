package org.windtunnel.backend.cuda;

import org.windtunnel.backend.OptimizerKernels.Channels;
import org.windtunnel.backend.Shapes;
import org.windtunnel.tensor.Tensor;

/** Updates by scaled gradients, as in APOLLO. Channels travel by their position: {@code BY_ROW}, {@code BY_COLUMN}. */
final class ProjectionKernels {
    private final Calls calls;
    private final GemmKernels gemm;
    private final Reductions reductions;

    ProjectionKernels(Calls calls, GemmKernels gemm, Reductions reductions) {
        this.calls = calls;
        this.gemm = gemm;
        this.reductions = reductions;
    }

    /** cuBLAS's alpha is a part of a recording, so that the product is scaled afterwards. */
    void product(
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
        gemm.gemm(transA, transB, m, n, k, 1, a, lda, 0, b, ldb, 0, 0, c, n, 0, 1);
        long size = (long) m * n;
        calls.to("scale_by").tensor(c).int64(size).doubles(alpha).elements(size);
    }

    void squares(Tensor a, Tensor out) {
        reductions.sumOfSquares(a, Calls.doublesOf(out));
    }

    void projectedAdam(
            Channels channels, int rows, int columns, Tensor r, Tensor m, Tensor v, Tensor moments, Tensor factor) {
        long n = size(channels, rows, columns, r, factor);
        Shapes.atLeast(m, n);
        Shapes.atLeast(v, n);
        calls.to("projected_moments")
                .tensor(r)
                .tensor(m)
                .tensor(v)
                .int64(n)
                .doubles(moments)
                .elements(n);
        if (channels == Channels.COLUMNS) {
            calls.to("projected_column_factors")
                    .tensor(r)
                    .tensor(m)
                    .tensor(v)
                    .int32(rows)
                    .int32(columns)
                    .doubles(moments)
                    .tensor(factor)
                    .grid(Reductions.columnBlocks(columns), 1, 1);
        } else {
            boolean one = channels == Channels.ALL;
            calls.to("projected_row_factors")
                    .tensor(r)
                    .tensor(m)
                    .tensor(v)
                    .int32(one ? Math.toIntExact(n) : columns)
                    .doubles(moments)
                    .tensor(factor)
                    .grid(one ? 1 : rows, 1, 1);
        }
    }

    private static long size(Channels channels, int rows, int columns, Tensor x, Tensor factor) {
        long n = (long) rows * columns;
        Shapes.atLeast(x, n);
        Shapes.atLeast(factor, channels.count(rows, columns));
        return n;
    }

    void scaledSquares(Channels channels, int rows, int columns, Tensor g, Tensor factor, Tensor out) {
        long n = size(channels, rows, columns, g, factor);
        int parts = Reductions.parts(n);
        long partial = reductions.partial(parts);
        calls.to("scaled_sum_of_squares")
                .tensor(g)
                .tensor(factor)
                .int64(n)
                .int32(columns)
                .int32(channels.ordinal())
                .address(partial)
                .grid(parts, 1, 1);
        reductions.finish(partial, parts, Calls.doublesOf(out));
    }

    void scaledUpdate(
            Channels channels, int rows, int columns, Tensor w, Tensor g, Tensor factor, Tensor rate, Tensor keep) {
        long n = size(channels, rows, columns, g, factor);
        Shapes.atLeast(w, n);
        calls.to("scaled_update")
                .tensor(w)
                .tensor(g)
                .tensor(factor)
                .int64(n)
                .int32(columns)
                .int32(channels.ordinal())
                .doubles(rate)
                .doubles(keep)
                .elements(n);
    }
}
