package org.windtunnel.backend.cpu;

import java.util.Arrays;
import org.windtunnel.backend.ProjectedMatrices.Channels;
import org.windtunnel.backend.Shapes;
import org.windtunnel.tensor.Tensor;

/** APOLLO's kernels: moments of a projected gradient, and updates scaled by channel. */
final class ProjectionKernels {
    private final Moments moments;
    private final ScaledSum scaledSum;
    private final ScaledUpdate scaledUpdate;
    private final Gemv gemv;

    ProjectionKernels(Engine engine) {
        moments = new Moments(engine);
        scaledSum = new ScaledSum(engine);
        scaledUpdate = new ScaledUpdate(engine);
        gemv = new Gemv(engine);
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
        moments.run(channels, rows, columns, r, m, v, beta1, beta2, eps, factor);
    }

    double scaledSumOfSquares(Channels channels, int rows, int columns, Tensor g, Tensor factor) {
        return scaledSum.of(channels, rows, columns, g, factor);
    }

    void scaledUpdate(
            Channels channels, int rows, int columns, Tensor w, Tensor g, Tensor factor, double rate, double keep) {
        scaledUpdate.run(channels, rows, columns, w, g, factor, rate, keep);
    }

    double gemvSumOfSquares(boolean transA, int rows, int columns, double alpha, Tensor a, Tensor x, Tensor y) {
        return gemv.of(transA, rows, columns, alpha, a, x, y);
    }

    /** Walks a matrix in tiles; sums belong to rows, columns, or chunks. */
    private static final class Moments extends Kernel {
        private static final double NORM_EPS = 1e-8;
        /** Columns of a tile where columns are the channels: all rows of it stay with one thread. */
        private static final int TILE = 256;

        private final double[] squares = new double[2 * MAX_CHUNKS];
        private Channels channels;
        private int rows;
        private int columns;
        private Tensor r;
        private Tensor m;
        private Tensor v;
        private Tensor factor;
        private float beta1;
        private float beta2;
        private float rest1;
        private float rest2;
        private float eps;

        Moments(Engine engine) {
            super(engine);
        }

        void run(
                Channels kind,
                int rowCount,
                int columnCount,
                Tensor projected,
                Tensor first,
                Tensor second,
                double b1,
                double b2,
                double epsilon,
                Tensor factors) {
            channels = kind;
            rows = rowCount;
            columns = columnCount;
            r = projected;
            m = first;
            v = second;
            factor = factors;
            beta1 = (float) b1;
            beta2 = (float) b2;
            rest1 = (float) (1 - b1);
            rest2 = (float) (1 - b2);
            eps = (float) epsilon;
            Shapes.atLeast(r, (long) rows * columns);
            Shapes.atLeast(m, (long) rows * columns);
            Shapes.atLeast(v, (long) rows * columns);
            Shapes.atLeast(factor, kind.count(rows, columns));
            if (kind == Channels.COLUMNS) {
                launch((columns + TILE - 1) / TILE, (long) TILE * rows);
                return;
            }
            Arrays.fill(squares, 0);
            int chunks = launch(rows, columns);
            if (kind == Channels.ALL) {
                double n = 0;
                double d = 0;
                for (int c = 0; c < chunks; c++) {
                    n += squares[2 * c];
                    d += squares[2 * c + 1];
                }
                buffer(factor).put(at(factor), ratio(n, d));
            }
        }

        private static float ratio(double direction, double gradient) {
            return (float) (Math.sqrt(direction) / (Math.sqrt(gradient) + NORM_EPS));
        }

        @Override
        void range(int from, int to, int chunk, int thread, Scratch s) {
            if (channels == Channels.COLUMNS) {
                for (int tile = from; tile < to; tile++) {
                    columnTile(tile * TILE, Math.min(TILE, columns - tile * TILE), s);
                }
                return;
            }
            for (int row = from; row < to; row++) {
                double n = 0;
                double d = 0;
                for (int c = 0; c < columns; c += BLOCK) {
                    int count = Math.min(BLOCK, columns - c);
                    direction(row * columns + c, count, s);
                    n += lanes.sumOfSquares(s.floats(1, BLOCK), 0, count);
                    d += lanes.sumOfSquares(s.floats(0, BLOCK), 0, count);
                }
                if (channels == Channels.ROWS) {
                    buffer(factor).put(at(factor) + row, ratio(n, d));
                } else {
                    squares[2 * chunk] += n;
                    squares[2 * chunk + 1] += d;
                }
            }
        }

        private void columnTile(int first, int count, Scratch s) {
            float[] n = s.floats(3, BLOCK);
            float[] d = s.floats(4, BLOCK);
            Arrays.fill(n, 0, count, 0f);
            Arrays.fill(d, 0, count, 0f);
            for (int row = 0; row < rows; row++) {
                direction(row * columns + first, count, s);
                addSquares(s.floats(1, BLOCK), n, count);
                addSquares(s.floats(0, BLOCK), d, count);
            }
            for (int c = 0; c < count; c++) {
                buffer(factor).put(at(factor) + first + c, ratio(n[c], d[c]));
            }
        }

        private static void addSquares(float[] x, float[] sums, int count) {
            for (int i = 0; i < count; i++) {
                sums[i] += x[i] * x[i];
            }
        }

        /** Updates both moments of some elements; leaves r in block 0 and the direction in block 1. */
        private void direction(int at, int count, Scratch s) {
            float[] g = s.floats(0, BLOCK);
            float[] ms = s.floats(1, BLOCK);
            float[] vs = s.floats(2, BLOCK);
            buffer(r).get(at(r) + at, g, 0, count);
            buffer(m).get(at(m) + at, ms, 0, count);
            buffer(v).get(at(v) + at, vs, 0, count);
            for (int i = 0; i < count; i++) {
                ms[i] = beta1 * ms[i] + rest1 * g[i];
                vs[i] = beta2 * vs[i] + rest2 * g[i] * g[i];
            }
            buffer(m).put(at(m) + at, ms, 0, count);
            buffer(v).put(at(v) + at, vs, 0, count);
            for (int i = 0; i < count; i++) {
                ms[i] = ms[i] / ((float) Math.sqrt(vs[i]) + eps);
            }
        }
    }

    /** Rows of a matrix with their factors, in blocks. */
    private abstract static class Scaled extends Kernel {
        private Channels channels;
        private int columns;
        private Tensor g;
        private Tensor factor;

        Scaled(Engine engine) {
            super(engine);
        }

        final int launchRows(Channels kind, int rows, int columnCount, Tensor gradient, Tensor factors) {
            channels = kind;
            columns = columnCount;
            g = gradient;
            factor = factors;
            Shapes.atLeast(g, (long) rows * columns);
            Shapes.atLeast(factor, kind.count(rows, columns));
            return launch(rows, columns);
        }

        @Override
        final void range(int from, int to, int chunk, int thread, Scratch s) {
            float[] gs = s.floats(0, BLOCK);
            float[] fs = s.floats(1, BLOCK);
            for (int row = from; row < to; row++) {
                for (int c = 0; c < columns; c += BLOCK) {
                    int count = Math.min(BLOCK, columns - c);
                    buffer(g).get(at(g) + row * columns + c, gs, 0, count);
                    float f = 1;
                    if (channels == Channels.COLUMNS) {
                        buffer(factor).get(at(factor) + c, fs, 0, count);
                        multiply(gs, fs, count);
                    } else {
                        f = buffer(factor).get(at(factor) + (channels == Channels.ROWS ? row : 0));
                    }
                    scaled(f, gs, row * columns + c, count, chunk, s);
                }
            }
        }

        private static void multiply(float[] x, float[] f, int count) {
            for (int i = 0; i < count; i++) {
                x[i] *= f[i];
            }
        }

        /** Takes f · u, the next {@code count} scaled elements. */
        abstract void scaled(float f, float[] u, int at, int count, int chunk, Scratch s);
    }

    private static final class ScaledSum extends Scaled {
        private final double[] sums = new double[MAX_CHUNKS];

        ScaledSum(Engine engine) {
            super(engine);
        }

        double of(Channels kind, int rows, int columnCount, Tensor gradient, Tensor factors) {
            Arrays.fill(sums, 0);
            return total(sums, launchRows(kind, rows, columnCount, gradient, factors));
        }

        @Override
        void scaled(float f, float[] u, int at, int count, int chunk, Scratch s) {
            sums[chunk] += (double) f * f * lanes.sumOfSquares(u, 0, count);
        }
    }

    private static double total(double[] sums, int chunks) {
        double total = 0;
        for (int c = 0; c < chunks; c++) {
            total += sums[c];
        }
        return total;
    }

    private static final class ScaledUpdate extends Scaled {
        private Tensor w;
        private float rate;
        private float keep;

        ScaledUpdate(Engine engine) {
            super(engine);
        }

        void run(
                Channels kind,
                int rows,
                int columnCount,
                Tensor weights,
                Tensor gradient,
                Tensor factors,
                double stepRate,
                double kept) {
            Shapes.atLeast(weights, (long) rows * columnCount);
            w = weights;
            rate = (float) stepRate;
            keep = (float) kept;
            launchRows(kind, rows, columnCount, gradient, factors);
        }

        @Override
        void scaled(float f, float[] u, int at, int count, int chunk, Scratch s) {
            float[] ws = s.floats(2, BLOCK);
            buffer(w).get(at(w) + at, ws, 0, count);
            lanes.axpy(-rate * f, u, 0, ws, 0, count);
            if (keep != 1) {
                lanes.scale(keep, ws, 0, count);
            }
            buffer(w).put(at(w) + at, ws, 0, count);
        }
    }

    /** A matrix times a vector, with the matrix's sum of squares from the same pass. */
    private static final class Gemv extends Kernel {
        /** Columns of a tile where the result has one element a column: all rows of it stay with one thread. */
        private static final int TILE = 1024;

        private final double[] sums = new double[MAX_CHUNKS];
        private boolean transposed;
        private int rows;
        private int columns;
        private float alpha;
        private Tensor a;
        private Tensor x;
        private Tensor y;

        Gemv(Engine engine) {
            super(engine);
        }

        double of(boolean transA, int rowCount, int columnCount, double factor, Tensor matrix, Tensor in, Tensor out) {
            transposed = transA;
            rows = rowCount;
            columns = columnCount;
            alpha = (float) factor;
            a = matrix;
            x = in;
            y = out;
            Shapes.atLeast(a, (long) rows * columns);
            Shapes.atLeast(x, transA ? rows : columns);
            Shapes.atLeast(y, transA ? columns : rows);
            Arrays.fill(sums, 0);
            return total(sums, transA
                    ? launch((columns + TILE - 1) / TILE, (long) TILE * rows)
                    : launch(rows, columns));
        }

        @Override
        void range(int from, int to, int chunk, int thread, Scratch s) {
            float[] xs = s.floats(0, transposed ? rows : columns);
            buffer(x).get(at(x), xs, 0, transposed ? rows : columns);
            if (transposed) {
                lanes.scale(alpha, xs, 0, rows);
                for (int tile = from; tile < to; tile++) {
                    int first = tile * TILE;
                    sums[chunk] += columnTile(first, Math.min(TILE, columns - first), xs, s);
                }
                return;
            }
            for (int row = from; row < to; row++) {
                float dot = 0;
                for (int c = 0; c < columns; c += BLOCK) {
                    int count = Math.min(BLOCK, columns - c);
                    float[] as = s.floats(1, BLOCK);
                    buffer(a).get(at(a) + row * columns + c, as, 0, count);
                    dot += lanes.dot(as, 0, xs, c, count);
                    sums[chunk] += lanes.sumOfSquares(as, 0, count);
                }
                buffer(y).put(at(y) + row, alpha * dot);
            }
        }

        private double columnTile(int first, int count, float[] xs, Scratch s) {
            float[] as = s.floats(1, BLOCK);
            float[] ys = s.floats(2, BLOCK);
            Arrays.fill(ys, 0, count, 0f);
            double squares = 0;
            for (int row = 0; row < rows; row++) {
                buffer(a).get(at(a) + row * columns + first, as, 0, count);
                lanes.axpy(xs[row], as, 0, ys, 0, count);
                squares += lanes.sumOfSquares(as, 0, count);
            }
            buffer(y).put(at(y) + first, ys, 0, count);
            return squares;
        }
    }
}
