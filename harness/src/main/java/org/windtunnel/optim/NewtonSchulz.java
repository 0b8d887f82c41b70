package org.windtunnel.optim;

import org.windtunnel.backend.Backend;
import org.windtunnel.backend.OptimizerKernels;
import org.windtunnel.backend.Slices;
import org.windtunnel.config.NewtonSchulzCoefficients;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/**
 * Orthogonalisation by Newton-Schulz iterations: X = G/(‖G‖ + eps), then X ← aX + (bA + cA²)X with A = XXᵀ, or with
 * XᵀX from the right for matrices that are higher than wide. Matrices of one shape go through strided-batched products.
 *
 * <p>The workspace holds two copies of a batch, each with a square matrix behind it for each of its matrices: both parts
 * of one begin as copies of the other's.
 */
public final class NewtonSchulz {
    private static final double POLAR_EXPRESS_SCALE = 1.02;
    private static final double POLAR_EXPRESS_EPS = 1e-6;
    private static final int ALIGNMENT = 64;

    private final NewtonSchulzCoefficients coefficients;
    private final int steps;
    private final double eps;
    private final Backend backend;
    private final Tensor first;
    private final Tensor second;
    private final Allocator memory;

    /**
     * @param eps added to the norm; Polar Express divides by 1.02 ‖G‖ + 1e-6 instead
     * @param elements most elements of a batch
     * @param squares most elements of a batch's square matrices, the smaller dimension squared each
     */
    public NewtonSchulz(
            NewtonSchulzCoefficients coefficients,
            int steps,
            double eps,
            Backend backend,
            int elements,
            int squares,
            Allocator memory) {
        this.coefficients = coefficients;
        this.steps = steps;
        this.eps = eps;
        this.backend = backend;
        this.memory = memory;
        int both = Math.addExact(aligned(elements), squares);
        this.first = memory.take(both);
        this.second = memory.take(both);
    }

    /** Where squares may begin behind so many elements, for products that read 16 bytes at a time. */
    private static int aligned(int elements) {
        return Math.multiplyExact((elements + ALIGNMENT - 1) / ALIGNMENT, ALIGNMENT);
    }

    /** One of the two copies: the matrices, the squares behind them, and both. */
    private record Half(Tensor matrices, Tensor squares, Tensor whole) {}

    /** Matrices of one shape, with all views that their iterations need. */
    public final class Batch {
        private final int count;
        private final int rows;
        private final int columns;
        private final int side;
        private final Slices inputs;
        private final Slices outputs;
        private final Tensor norms;
        private final Tensor factors;
        private final Half[] halves;

        private Batch(int count, int rows, int columns) {
            this.count = count;
            this.rows = rows;
            this.columns = columns;
            this.side = Math.min(rows, columns);
            this.inputs = views(first);
            this.outputs = views(steps % 2 == 0 ? first : second);
            this.norms = memory.take(DType.FLOAT64, count);
            this.factors = memory.take(DType.FLOAT64, count);
            this.halves = new Half[] {half(first), half(second)};
        }

        private Half half(Tensor of) {
            int squaresFrom = aligned(count * rows * columns);
            return new Half(of.slice(0, count * rows * columns), of.slice(squaresFrom, count * side * side),
                    of.slice(0, squaresFrom + count * side * side));
        }

        private Slices views(Tensor of) {
            Tensor[] views = new Tensor[count];
            for (int i = 0; i < count; i++) {
                views[i] = of.slice((long) i * rows * columns, rows, columns);
            }
            return new Slices(memory, of, views);
        }

        /** Where the matrices are put before {@link #orthogonalize}. */
        public Slices inputs() {
            return inputs;
        }

        /** Where they are found afterwards, until the next batch is put in. */
        public Slices outputs() {
            return outputs;
        }

        /** Replaces every matrix by its orthogonalisation; zero stays zero. */
        public void orthogonalize() {
            boolean polar = coefficients == NewtonSchulzCoefficients.POLAR_EXPRESS;
            OptimizerKernels kernels = backend.optimizerKernels();
            kernels.norms(inputs, null, norms);
            kernels.quotients(null, null, norms, polar ? POLAR_EXPRESS_SCALE : 1, polar ? POLAR_EXPRESS_EPS : eps, 0,
                    factors);
            kernels.scale(factors, inputs);
            for (int step = 0; step < steps; step++) {
                double[] abc = coefficients.at(step);
                iterate(abc[0], abc[1], abc[2], halves[step % 2], halves[(step + 1) % 2]);
            }
        }

        private void iterate(double a, double b, double c, Half from, Half to) {
            Tensor x = from.matrices;
            Tensor next = to.matrices;
            Tensor squares = from.squares;
            Tensor sum = to.squares;
            boolean tall = rows > columns;
            long size = (long) rows * columns;
            long square = (long) side * side;
            backend.gemmStridedBatched(tall, !tall, side, side, Math.max(rows, columns), 1, x, columns, size, x,
                    columns, size, 0, squares, side, square, count);
            backend.copy(from.whole, to.whole);
            backend.gemmStridedBatched(false, false, side, side, side, c, squares, side, square, squares, side, square,
                    b, sum, side, square, count);
            if (tall) {
                backend.gemmStridedBatched(false, false, rows, columns, side, 1, x, columns, size, sum, side, square, a,
                        next, columns, size, count);
            } else {
                backend.gemmStridedBatched(false, false, rows, columns, side, 1, sum, side, square, x, columns, size, a,
                        next, columns, size, count);
            }
        }
    }

    /** A batch of {@code count} matrices; batches share the workspace. */
    public Batch batch(int count, int rows, int columns) {
        return new Batch(count, rows, columns);
    }
}
