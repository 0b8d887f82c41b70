package org.windtunnel.backend.cpu;

import java.nio.FloatBuffer;
import java.util.Arrays;
import org.windtunnel.backend.Shapes;
import org.windtunnel.tensor.Tensor;

/** Elementwise kernels on whole tensors, cut into blocks of {@link Kernel#BLOCK} elements. */
final class FlatKernels {
    private final Fill fill;
    private final Copy copy;
    private final Scale scale;
    private final Axpy axpy;
    private final Combine combine;
    private final CautiousDecay cautiousDecay;
    private final SumOfSquares sumOfSquares;

    FlatKernels(Engine engine) {
        fill = new Fill(engine);
        copy = new Copy(engine);
        scale = new Scale(engine);
        axpy = new Axpy(engine);
        combine = new Combine(engine);
        cautiousDecay = new CautiousDecay(engine);
        sumOfSquares = new SumOfSquares(engine);
    }

    void fill(Tensor x, double value) {
        fill.value = (float) value;
        fill.launchFlat(x, x);
    }

    void copy(Tensor from, Tensor to) {
        copy.launchFlat(from, to);
    }

    void scale(double a, Tensor x) {
        scale.a = (float) a;
        scale.launchFlat(x, x);
    }

    void axpy(double a, Tensor x, Tensor y) {
        axpy.a = (float) a;
        axpy.launchFlat(x, y);
    }

    void combine(double a, Tensor x, double b, Tensor y, Tensor out) {
        Shapes.sameSize(x, out);
        combine.a = (float) a;
        combine.b = (float) b;
        combine.out = out;
        combine.launchFlat(x, y);
    }

    void cautiousDecay(Tensor w, Tensor u, double keep) {
        cautiousDecay.keep = (float) keep;
        cautiousDecay.launchFlat(u, w);
    }

    double sumOfSquares(Tensor x) {
        return sumOfSquares.of(x);
    }

    /** One or two tensors of one size, walked in blocks. */
    private abstract static class Flat extends Kernel {
        private Tensor x;
        private Tensor y;
        private int size;

        Flat(Engine engine) {
            super(engine);
        }

        final int launchFlat(Tensor xs, Tensor ys) {
            if (xs.size() != ys.size()) {
                throw new IllegalArgumentException("sizes differ: " + xs + " and " + ys);
            }
            x = xs;
            y = ys;
            size = xs.intSize();
            return launch((int) (((long) size + BLOCK - 1) / BLOCK), BLOCK);
        }

        @Override
        final void range(int from, int to, int chunk, int thread, Scratch s) {
            FloatBuffer xb = buffer(x);
            FloatBuffer yb = buffer(y);
            for (int block = from; block < to; block++) {
                int i = block * BLOCK;
                block(xb, at(x) + i, yb, at(y) + i, Math.min(BLOCK, size - i), chunk, s);
            }
        }

        /** How far into the tensors the block at {@code xAt} of the first one lies. */
        final int start(int xAt) {
            return xAt - at(x);
        }

        abstract void block(FloatBuffer xb, int xAt, FloatBuffer yb, int yAt, int n, int chunk, Scratch s);
    }

    private static final class Fill extends Flat {
        private float value;

        Fill(Engine engine) {
            super(engine);
        }

        @Override
        void block(FloatBuffer xb, int xAt, FloatBuffer yb, int yAt, int n, int chunk, Scratch s) {
            float[] v = s.floats(0, BLOCK);
            Arrays.fill(v, 0, n, value);
            xb.put(xAt, v, 0, n);
        }
    }

    private static final class Copy extends Flat {
        Copy(Engine engine) {
            super(engine);
        }

        @Override
        void block(FloatBuffer xb, int xAt, FloatBuffer yb, int yAt, int n, int chunk, Scratch s) {
            yb.put(yAt, xb, xAt, n);
        }
    }

    private static final class Scale extends Flat {
        private float a;

        Scale(Engine engine) {
            super(engine);
        }

        @Override
        void block(FloatBuffer xb, int xAt, FloatBuffer yb, int yAt, int n, int chunk, Scratch s) {
            float[] v = s.floats(0, BLOCK);
            xb.get(xAt, v, 0, n);
            lanes.scale(a, v, 0, n);
            xb.put(xAt, v, 0, n);
        }
    }

    private static final class Axpy extends Flat {
        private float a;

        Axpy(Engine engine) {
            super(engine);
        }

        @Override
        void block(FloatBuffer xb, int xAt, FloatBuffer yb, int yAt, int n, int chunk, Scratch s) {
            float[] v = s.floats(0, BLOCK);
            float[] w = s.floats(1, BLOCK);
            xb.get(xAt, v, 0, n);
            yb.get(yAt, w, 0, n);
            lanes.axpy(a, v, 0, w, 0, n);
            yb.put(yAt, w, 0, n);
        }
    }

    private static final class Combine extends Flat {
        private float a;
        private float b;
        private Tensor out;

        Combine(Engine engine) {
            super(engine);
        }

        @Override
        void block(FloatBuffer xb, int xAt, FloatBuffer yb, int yAt, int n, int chunk, Scratch s) {
            float[] v = s.floats(0, BLOCK);
            float[] w = s.floats(1, BLOCK);
            xb.get(xAt, v, 0, n);
            yb.get(yAt, w, 0, n);
            lanes.scale(b, w, 0, n);
            lanes.axpy(a, v, 0, w, 0, n);
            buffer(out).put(at(out) + start(xAt), w, 0, n);
        }
    }

    private static final class CautiousDecay extends Flat {
        private float keep;

        CautiousDecay(Engine engine) {
            super(engine);
        }

        @Override
        void block(FloatBuffer xb, int xAt, FloatBuffer yb, int yAt, int n, int chunk, Scratch s) {
            float[] u = s.floats(0, BLOCK);
            float[] w = s.floats(1, BLOCK);
            xb.get(xAt, u, 0, n);
            yb.get(yAt, w, 0, n);
            for (int i = 0; i < n; i++) {
                w[i] = u[i] * w[i] >= 0 ? w[i] * keep : w[i];
            }
            yb.put(yAt, w, 0, n);
        }
    }

    private static final class SumOfSquares extends Flat {
        private final double[] sums = new double[MAX_CHUNKS];

        SumOfSquares(Engine engine) {
            super(engine);
        }

        double of(Tensor x) {
            Arrays.fill(sums, 0);
            int chunks = launchFlat(x, x);
            double total = 0;
            for (int c = 0; c < chunks; c++) {
                total += sums[c];
            }
            return total;
        }

        @Override
        void block(FloatBuffer xb, int xAt, FloatBuffer yb, int yAt, int n, int chunk, Scratch s) {
            float[] v = s.floats(0, BLOCK);
            xb.get(xAt, v, 0, n);
            sums[chunk] += lanes.sumOfSquares(v, 0, n);
        }
    }
}
