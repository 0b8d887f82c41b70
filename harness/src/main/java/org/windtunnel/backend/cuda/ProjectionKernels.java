package org.windtunnel.backend.cuda;

import org.windtunnel.backend.OptimizerKernels.Channels;
import org.windtunnel.backend.Shapes;
import org.windtunnel.tensor.Tensor;

/** Updates by scaled gradients, as in APOLLO. Channels travel by their position: {@code BY_ROW}, {@code BY_COLUMN}. */
final class ProjectionKernels {
    private final Calls calls;
    private final Reductions reductions;

    ProjectionKernels(Calls calls, Reductions reductions) {
        this.calls = calls;
        this.reductions = reductions;
    }

    void projectedAdam(
            Channels channels,
            int rows,
            int columns,
            Tensor r,
            Tensor m,
            Tensor v,
            double beta1,
            double beta2,
            double eps,
            Tensor factor) {
        long n = size(channels, rows, columns, r, factor);
        Shapes.atLeast(m, n);
        Shapes.atLeast(v, n);
        calls.to("projected_moments")
                .tensor(r)
                .tensor(m)
                .tensor(v)
                .int64(n)
                .float32(beta1)
                .float32(1 - beta1)
                .float32(beta2)
                .float32(1 - beta2)
                .elements(n);
        if (channels == Channels.COLUMNS) {
            calls.to("projected_column_factors")
                    .tensor(r)
                    .tensor(m)
                    .tensor(v)
                    .int32(rows)
                    .int32(columns)
                    .float32(eps)
                    .tensor(factor)
                    .grid(Reductions.columnBlocks(columns), 1, 1);
        } else {
            boolean one = channels == Channels.ALL;
            calls.to("projected_row_factors")
                    .tensor(r)
                    .tensor(m)
                    .tensor(v)
                    .int32(one ? Math.toIntExact(n) : columns)
                    .float32(eps)
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

    double scaledSumOfSquares(Channels channels, int rows, int columns, Tensor g, Tensor factor) {
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
        return reductions.finish(partial, parts);
    }

    void scaledUpdate(
            Channels channels, int rows, int columns, Tensor w, Tensor g, Tensor factor, double rate, double keep) {
        long n = size(channels, rows, columns, g, factor);
        Shapes.atLeast(w, n);
        calls.to("scaled_update")
                .tensor(w)
                .tensor(g)
                .tensor(factor)
                .int64(n)
                .int32(columns)
                .int32(channels.ordinal())
                .float32(rate)
                .float32(keep)
                .elements(n);
    }
}
