package org.windtunnel.backend.cpu;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.backend.Shapes;
import org.windtunnel.tensor.Tensor;

/**
 * Passes over channels-last images that normalisations, gates and pooling over whole images are made of.
 *
 * <p>An image tensor is cut into pieces: whole images where coefficients differ by image, else a fixed number of rows.
 * An item is a piece. Sums are kept by piece and combined by the caller, in order and in double precision.
 */
final class ChannelKernels {
    /** Floats of a piece that is not an image. */
    private static final int PIECE = 1 << 14;

    final Moments moments;
    final Apply apply;
    final GradientSums gradientSums;
    final Gradient gradient;
    private final List<Pieces> known = new ArrayList<>();

    ChannelKernels(Engine engine) {
        moments = new Moments(engine);
        apply = new Apply(engine);
        gradientSums = new GradientSums(engine);
        gradient = new Gradient(engine);
    }

    /** Coefficients by image. */
    Pieces images(Tensor x, int batch) {
        int rows = Shapes.rows(x);
        return pieces(rows, Shapes.columns(x), rows / batch, true);
    }

    /** The same coefficients for all rows. */
    Pieces rows(Tensor x) {
        int channels = Shapes.columns(x);
        return pieces(Shapes.rows(x), channels, Math.max(1, PIECE / channels), false);
    }

    /** Made once for each shape, for a call allocates nothing. */
    private Pieces pieces(int rows, int channels, int pieceRows, boolean byImage) {
        for (int i = 0; i < known.size(); i++) {
            Pieces p = known.get(i);
            if (p.rows == rows && p.channels == channels && p.pieceRows == pieceRows && p.byImage == byImage) {
                return p;
            }
        }
        Pieces made = new Pieces(rows, channels, pieceRows, byImage);
        known.add(made);
        return made;
    }

    /** How a tensor is cut. @param byImage whether coefficients differ by piece */
    record Pieces(int rows, int channels, int pieceRows, boolean byImage) {
        int count() {
            return (rows + pieceRows - 1) / pieceRows;
        }

        int rowsOf(int piece) {
            return Math.min(pieceRows, rows - piece * pieceRows);
        }

        /** Offset of a piece's coefficients. */
        int coefficients(int piece) {
            return byImage ? piece * channels : 0;
        }

        /** Number of coefficients of each kind. */
        int coefficients() {
            return byImage ? count() * channels : channels;
        }
    }

    /** What all passes share: pieces are walked in blocks of rows. */
    private abstract static class Pass extends Kernel {
        final ChannelLanes channels;
        Pieces pieces;

        Pass(Engine engine) {
            super(engine);
            channels = engine.lanes().channels();
        }

        final void start(Pieces p) {
            pieces = p;
            launch(p.count(), (long) p.pieceRows() * p.channels());
        }

        @Override
        final void range(int from, int to, int chunk, int thread, Scratch s) {
            int c = pieces.channels();
            int block = blockRows(c);
            for (int piece = from; piece < to; piece++) {
                int rows = pieces.rowsOf(piece);
                begin(piece, s);
                for (int row = 0; row < rows; row += block) {
                    block(piece, (piece * pieces.pieceRows() + row) * c, Math.min(block, rows - row), s);
                }
                end(piece, s);
            }
        }

        void begin(int piece, Scratch s) {}

        /** @param at first element of the block */
        abstract void block(int piece, int at, int rows, Scratch s);

        void end(int piece, Scratch s) {}

        static float[] stage(Tensor x, int at, int n, float[] to) {
            buffer(x).get(at(x) + at, to, 0, n);
            return to;
        }
    }

    /** Mean of each piece's channels, and the sum of squared deviations from it. */
    static final class Moments extends Pass {
        private Tensor x;
        private double[] means = new double[0];
        private double[] squares = new double[0];

        Moments(Engine engine) {
            super(engine);
        }

        void run(Tensor xs, Pieces p) {
            x = xs;
            int n = p.count() * p.channels();
            if (means.length < n) {
                means = new double[n];
                squares = new double[n];
            }
            start(p);
        }

        double mean(int piece, int channel) {
            return means[piece * pieces.channels() + channel];
        }

        double square(int piece, int channel) {
            return squares[piece * pieces.channels() + channel];
        }

        @Override
        void begin(int piece, Scratch s) {
            int c = pieces.channels();
            int first = at(x) + piece * pieces.pieceRows() * c;
            buffer(x).get(first, s.floats(1, c), 0, c);
            Arrays.fill(s.floats(2, c), 0, c, 0f);
            Arrays.fill(s.floats(3, c), 0, c, 0f);
        }

        @Override
        void block(int piece, int at, int rows, Scratch s) {
            int c = pieces.channels();
            float[] v = stage(x, at, rows * c, s.floats(0, rows * c));
            channels.moments(v, 0, rows, c, s.floats(1, c), s.floats(2, c), s.floats(3, c));
        }

        @Override
        void end(int piece, Scratch s) {
            int c = pieces.channels();
            int rows = pieces.rowsOf(piece);
            float[] shift = s.floats(1, c);
            float[] sum = s.floats(2, c);
            float[] square = s.floats(3, c);
            for (int j = 0; j < c; j++) {
                double mean = (double) sum[j] / rows;
                means[piece * c + j] = shift[j] + mean;
                squares[piece * c + j] = Math.max(0, square[j] - sum[j] * mean);
            }
        }
    }

    /** y = relu(a x + b + skip); x and skip may be null, for 0. */
    static final class Apply extends Pass {
        private Tensor x;
        private Tensor skip;
        private boolean relu;
        private Tensor y;
        private float[] a = new float[0];
        private float[] b = new float[0];

        Apply(Engine engine) {
            super(engine);
        }

        /** Factors to be set before {@link #run}. */
        float[] a(Pieces p) {
            return a = grown(a, p);
        }

        /** Offsets to be set before {@link #run}. */
        float[] b(Pieces p) {
            return b = grown(b, p);
        }

        void run(Tensor xs, Tensor skips, boolean positive, Tensor ys, Pieces p) {
            x = xs;
            skip = skips;
            relu = positive;
            y = ys;
            start(p);
        }

        @Override
        void block(int piece, int at, int rows, Scratch s) {
            int c = pieces.channels();
            int n = rows * c;
            float[] out = s.floats(0, n);
            float[] v = x == null ? null : stage(x, at, n, out);
            float[] add = skip == null ? null : stage(skip, at, n, s.floats(1, n));
            channels.apply(v, a, b, pieces.coefficients(piece), add, relu, out, 0, rows, c);
            buffer(y).put(at(y) + at, out, 0, n);
        }
    }

    private static float[] grown(float[] old, Pieces p) {
        return old.length < p.coefficients() ? new float[p.coefficients()] : old;
    }

    /** Σ d and Σ d (x - shift) by piece and channel, d being dy where y is positive, or everywhere without y. */
    static final class GradientSums extends Pass {
        private Tensor dy;
        private Tensor y;
        private Tensor x;
        private float[] shift = new float[0];
        private double[] sums = new double[0];
        private double[] products = new double[0];

        GradientSums(Engine engine) {
            super(engine);
        }

        /** Shifts to be set before {@link #run}. */
        float[] shift(Pieces p) {
            return shift = grown(shift, p);
        }

        void run(Tensor dys, Tensor ys, Tensor xs, Pieces p) {
            dy = dys;
            y = ys;
            x = xs;
            int n = p.count() * p.channels();
            if (sums.length < n) {
                sums = new double[n];
                products = new double[n];
            }
            start(p);
        }

        double sum(int piece, int channel) {
            return sums[piece * pieces.channels() + channel];
        }

        double product(int piece, int channel) {
            return products[piece * pieces.channels() + channel];
        }

        @Override
        void begin(int piece, Scratch s) {
            int c = pieces.channels();
            Arrays.fill(s.floats(3, c), 0, c, 0f);
            Arrays.fill(s.floats(4, c), 0, c, 0f);
        }

        @Override
        void block(int piece, int at, int rows, Scratch s) {
            int c = pieces.channels();
            int n = rows * c;
            float[] d = stage(dy, at, n, s.floats(0, n));
            if (y != null) {
                lanes.activateGradient(Activation.RELU, stage(y, at, n, s.floats(1, n)), 0, d, 0, null, n);
            }
            float[] v = x == dy ? d : stage(x, at, n, s.floats(1, n));
            channels.gradientSums(
                    d, v, 0, rows, c, shift, pieces.coefficients(piece), s.floats(3, c), s.floats(4, c));
        }

        @Override
        void end(int piece, Scratch s) {
            int c = pieces.channels();
            float[] sum = s.floats(3, c);
            float[] product = s.floats(4, c);
            for (int j = 0; j < c; j++) {
                sums[piece * c + j] = sum[j];
                products[piece * c + j] = product[j];
            }
        }
    }

    /** dx = p d + q (x - shift) + r and dSkip (+)= d, d being as in {@link GradientSums}. */
    static final class Gradient extends Pass {
        private Tensor dy;
        private Tensor y;
        private Tensor x;
        private Tensor dx;
        private Tensor dSkip;
        private boolean addToSkip;
        private float[] shift;
        private float[] p = new float[0];
        private float[] q = new float[0];
        private float[] r = new float[0];

        Gradient(Engine engine) {
            super(engine);
        }

        /** Factors of d to be set before {@link #run}. */
        float[] p(Pieces pieces) {
            return p = grown(p, pieces);
        }

        /** Factors of x to be set before {@link #run}. */
        float[] q(Pieces pieces) {
            return q = grown(q, pieces);
        }

        /** Offsets to be set before {@link #run}. */
        float[] r(Pieces pieces) {
            return r = grown(r, pieces);
        }

        /** @param shifts of x, by coefficient */
        void run(
                Tensor dys,
                Tensor ys,
                Tensor xs,
                float[] shifts,
                Tensor dxs,
                Tensor dSkips,
                boolean add,
                Pieces cut) {
            dy = dys;
            y = ys;
            x = xs;
            shift = shifts;
            dx = dxs;
            dSkip = dSkips;
            addToSkip = add;
            start(cut);
        }

        @Override
        void block(int piece, int at, int rows, Scratch s) {
            int c = pieces.channels();
            int n = rows * c;
            float[] d = stage(dy, at, n, s.floats(0, n));
            if (y != null) {
                lanes.activateGradient(Activation.RELU, stage(y, at, n, s.floats(1, n)), 0, d, 0, null, n);
            }
            if (dSkip != null) {
                skipGradient(d, at, n, s.floats(1, n));
            }
            float[] v = x == dy ? d : stage(x, at, n, s.floats(1, n));
            channels.gradient(d, v, p, q, r, shift, pieces.coefficients(piece), d, 0, rows, c);
            buffer(dx).put(at(dx) + at, d, 0, n);
        }

        private void skipGradient(float[] d, int at, int n, float[] temp) {
            if (addToSkip) {
                stage(dSkip, at, n, temp);
                lanes.axpy(1f, d, 0, temp, 0, n);
                buffer(dSkip).put(at(dSkip) + at, temp, 0, n);
            } else {
                buffer(dSkip).put(at(dSkip) + at, d, 0, n);
            }
        }
    }
}
