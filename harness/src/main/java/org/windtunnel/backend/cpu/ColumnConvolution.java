package org.windtunnel.backend.cpu;

import java.util.Arrays;
import org.windtunnel.backend.ImageKernels.WindowShape;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/**
 * Convolution of any shape as matrix products: each image becomes a matrix with one row per output pixel that holds the
 * window's pixels (im2col), times the filters as [out, k·k·in]. An item is an image.
 */
final class ColumnConvolution implements AutoCloseable {
    /** Not MAX_CHUNKS: the kernels below inherit a larger constant of that name. */
    private static final int IMAGE_CHUNKS = 8;

    private final Forward forward;
    private final Backward backward;
    private CpuStorage packed;
    private CpuStorage partials;

    ColumnConvolution(Engine engine) {
        forward = new Forward(engine);
        backward = new Backward(engine);
    }

    void forward(WindowShape s, double alpha, Tensor x, Tensor filters, boolean addToY, Tensor y) {
        packed = grown(packed, (long) s.out() * columns(s));
        pack(s, filters);
        forward.run(s, alpha, x, addToY, y);
    }

    void backward(
            WindowShape s,
            double alpha,
            Tensor x,
            Tensor filters,
            Tensor dy,
            Tensor dx,
            boolean addToDx,
            Tensor dFilters,
            boolean accumulate) {
        packed = grown(packed, (long) s.out() * columns(s));
        partials = grown(partials, (long) IMAGE_CHUNKS * s.out() * columns(s));
        pack(s, filters);
        backward.run(s, alpha, x, dy, dx, addToDx, dFilters, accumulate);
    }

    private static CpuStorage grown(CpuStorage storage, long n) {
        if (storage != null && storage.length() >= n) {
            return storage;
        }
        if (storage != null) {
            storage.close();
        }
        return new CpuStorage(DType.FLOAT32, n);
    }

    private static int columns(WindowShape s) {
        return s.kernel() * s.kernel() * s.in();
    }

    /** Filters [out, in, k·k] to [out, k·k, in]. */
    private void pack(WindowShape s, Tensor filters) {
        int taps = s.kernel() * s.kernel();
        float[] from = forward.scratchOfCaller().floats(0, taps * s.in());
        float[] to = forward.scratchOfCaller().floats(1, taps * s.in());
        for (int o = 0; o < s.out(); o++) {
            int n = taps * s.in();
            Kernel.buffer(filters).get(Kernel.at(filters) + o * n, from, 0, n);
            for (int c = 0; c < s.in(); c++) {
                for (int t = 0; t < taps; t++) {
                    to[t * s.in() + c] = from[c * taps + t];
                }
            }
            packed.floats().put(o * n, to, 0, n);
        }
    }

    /** Copies each output pixel's window out of an image, or, backwards, adds it into the image. */
    private static void columns(WindowShape s, float[] image, float[] columns, boolean back) {
        int k = s.kernel();
        int in = s.in();
        int at = 0;
        for (int oy = 0; oy < s.outHeight(); oy++) {
            for (int ox = 0; ox < s.outWidth(); ox++) {
                int x0 = ox * s.stride() - s.padding();
                int from = Math.max(0, -x0);
                int to = Math.min(k, s.width() - x0);
                for (int ky = 0; ky < k; ky++, at += k * in) {
                    int iy = oy * s.stride() - s.padding() + ky;
                    boolean inside = iy >= 0 && iy < s.height() && to > from;
                    int source = (iy * s.width() + x0 + from) * in;
                    int count = inside ? (to - from) * in : 0;
                    if (back) {
                        add(columns, at + from * in, image, source, count);
                    } else {
                        int low = inside ? from * in : 0;
                        Arrays.fill(columns, at, at + low, 0f);
                        if (inside) {
                            System.arraycopy(image, source, columns, at + low, count);
                        }
                        Arrays.fill(columns, at + low + count, at + k * in, 0f);
                    }
                }
            }
        }
    }

    private static void add(float[] from, int at, float[] to, int toAt, int n) {
        for (int i = 0; i < n; i++) {
            to[toAt + i] += from[at + i];
        }
    }

    @Override
    public void close() {
        if (packed != null) {
            packed.close();
        }
        if (partials != null) {
            partials.close();
        }
    }

    private final class Forward extends Kernel {
        private WindowShape s;
        private float alpha;
        private Tensor x;
        private Tensor y;
        private float beta;

        Forward(Engine engine) {
            super(engine);
        }

        void run(WindowShape shape, double scale, Tensor xs, boolean add, Tensor ys) {
            s = shape;
            alpha = (float) scale;
            x = xs;
            y = ys;
            beta = add ? 1 : 0;
            launchChunks(s.batch(), IMAGE_CHUNKS);
        }

        @Override
        void range(int from, int to, int chunk, int thread, Scratch t) {
            int rows = s.outHeight() * s.outWidth();
            int columns = columns(s);
            float[] image = t.floats(0, s.imageSize());
            float[] window = t.floats(1, rows * columns);
            CpuStorage matrix = t.offHeap((long) rows * columns);
            for (int b = from; b < to; b++) {
                buffer(x).get(at(x) + b * s.imageSize(), image, 0, s.imageSize());
                ColumnConvolution.columns(s, image, window, false);
                matrix.floats().put(0, window, 0, rows * columns);
                t.blas().sgemm(false, true, rows, s.out(), columns, alpha, matrix.addressOf(0), columns,
                        packed.addressOf(0), columns, beta, Blas.address(y) + 4L * b * s.outSize(), s.out());
            }
        }
    }

    private final class Backward extends Kernel {
        private WindowShape s;
        private float alpha;
        private Tensor x;
        private Tensor dy;
        private Tensor dx;
        private Tensor dFilters;
        private boolean addToDx;

        Backward(Engine engine) {
            super(engine);
        }

        void run(
                WindowShape shape,
                double scale,
                Tensor xs,
                Tensor dys,
                Tensor dxs,
                boolean add,
                Tensor dFilter,
                boolean accumulate) {
            s = shape;
            alpha = (float) scale;
            x = xs;
            dy = dys;
            dx = dxs;
            addToDx = add;
            dFilters = dFilter;
            int chunks = launchChunks(s.batch(), IMAGE_CHUNKS);
            if (dFilters != null) {
                unpack(chunks, accumulate);
            }
        }

        @Override
        void range(int from, int to, int chunk, int thread, Scratch t) {
            int rows = s.outHeight() * s.outWidth();
            int columns = columns(s);
            float[] image = t.floats(0, s.imageSize());
            float[] window = t.floats(1, rows * columns);
            CpuStorage matrix = t.offHeap((long) rows * columns);
            long partial = partials.addressOf((long) chunk * s.out() * columns);
            for (int b = from; b < to; b++) {
                long gradient = Blas.address(dy) + 4L * b * s.outSize();
                if (dFilters != null) {
                    buffer(x).get(at(x) + b * s.imageSize(), image, 0, s.imageSize());
                    ColumnConvolution.columns(s, image, window, false);
                    matrix.floats().put(0, window, 0, rows * columns);
                    t.blas().sgemm(true, false, s.out(), columns, rows, alpha, gradient, s.out(), matrix.addressOf(0),
                            columns, b == from ? 0 : 1, partial, columns);
                }
                if (dx != null) {
                    t.blas().sgemm(false, false, rows, columns, s.out(), alpha, gradient, s.out(), packed.addressOf(0),
                            columns, 0, matrix.addressOf(0), columns);
                    matrix.floats().get(0, window, 0, rows * columns);
                    imageGradient(b, image, window);
                }
            }
        }

        private void imageGradient(int b, float[] image, float[] window) {
            int at = at(dx) + b * s.imageSize();
            if (addToDx) {
                buffer(dx).get(at, image, 0, s.imageSize());
            } else {
                Arrays.fill(image, 0, s.imageSize(), 0f);
            }
            ColumnConvolution.columns(s, image, window, true);
            buffer(dx).put(at, image, 0, s.imageSize());
        }

        /** The chunks' gradients, added in order, in the layout of the filters. */
        private void unpack(int chunks, boolean accumulate) {
            int taps = s.kernel() * s.kernel();
            int n = taps * s.in();
            float[] sum = scratchOfCaller().floats(0, n);
            float[] part = scratchOfCaller().floats(1, n);
            for (int o = 0; o < s.out(); o++) {
                partials.floats().get(o * n, sum, 0, n);
                for (int c = 1; c < chunks; c++) {
                    partials.floats().get((c * s.out() + o) * n, part, 0, n);
                    lanes.axpy(1f, part, 0, sum, 0, n);
                }
                int at = at(dFilters) + o * n;
                if (accumulate) {
                    buffer(dFilters).get(at, part, 0, n);
                } else {
                    Arrays.fill(part, 0, n, 0f);
                }
                for (int c = 0; c < s.in(); c++) {
                    for (int t = 0; t < taps; t++) {
                        part[c * taps + t] += sum[t * s.in() + c];
                    }
                }
                buffer(dFilters).put(at, part, 0, n);
            }
        }
    }
}
