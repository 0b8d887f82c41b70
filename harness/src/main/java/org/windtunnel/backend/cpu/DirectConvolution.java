package org.windtunnel.backend.cpu;

import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.windtunnel.backend.ImageKernels.WindowShape;
import org.windtunnel.tensor.Tensor;

/**
 * Convolution without intermediate matrices: bands of images are copied with their padding into a heap block that stays
 * in the cache, and {@link WindowLanes} multiplies them with packed filters there.
 */
final class DirectConvolution {
    /** Not MAX_CHUNKS: the kernels below inherit a larger constant of that name. */
    private static final int IMAGE_CHUNKS = 16;

    private final Map<WindowShape, Plans> plans = new HashMap<>();
    private final Forward forward;
    private final Backward backward;
    private float[] filterRows = new float[0];
    private float[] packed = new float[0];

    DirectConvolution(Engine engine) {
        forward = new Forward(engine);
        backward = new Backward(engine);
    }

    /** The passes of one convolution: {@code input} has one for each remainder of the stride, null where none is needed. */
    private record Plans(WindowPlan forward, WindowPlan[] input) {
        static Plans of(WindowShape s) {
            WindowPlan forward = new WindowPlan(s.height(), s.width(), s.in(), s.out(), s.outHeight(), s.outWidth(),
                    s.kernel(), s.kernel(), s.stride(), s.padding(), s.padding());
            WindowPlan[] input = new WindowPlan[s.stride() * s.stride()];
            for (int i = 0; i < input.length; i++) {
                input[i] = inputPlan(s, i / s.stride(), i % s.stride());
            }
            return new Plans(forward, input);
        }

        /** Input pixels (stride · u + row, stride · v + column) see these positions of the window, last first. */
        private static WindowPlan inputPlan(WindowShape s, int row, int column) {
            int rows = positions(s, row);
            int columns = positions(s, column);
            if (rows == 0 || columns == 0 || row >= s.height() || column >= s.width()) {
                return null;
            }
            return new WindowPlan(s.outHeight(), s.outWidth(), s.out(), s.in(), (s.height() - row - 1) / s.stride() + 1,
                    (s.width() - column - 1) / s.stride() + 1, rows, columns, 1, before(s, row), before(s, column));
        }

        /** First position of the window that a remainder sees. */
        static int first(WindowShape s, int remainder) {
            return (remainder + s.padding()) % s.stride();
        }

        static int positions(WindowShape s, int remainder) {
            int first = first(s, remainder);
            return first >= s.kernel() ? 0 : (s.kernel() - 1 - first) / s.stride() + 1;
        }

        /** Rows before u that the last position reaches back to. */
        private static int before(WindowShape s, int remainder) {
            int last = first(s, remainder) + (positions(s, remainder) - 1) * s.stride();
            return (last - remainder - s.padding()) / s.stride();
        }
    }

    private Plans plans(WindowShape s) {
        Plans found = plans.get(s);
        if (found == null) {
            found = Plans.of(s);
            plans.put(s, found);
        }
        return found;
    }

    void forward(WindowShape s, double alpha, Tensor x, Tensor filters, boolean addToY, Tensor y) {
        WindowPlan plan = plans(s).forward();
        fetch(s, filters, alpha);
        room(plan.packedSize());
        Arrays.fill(packed, 0, plan.packedSize(), 0f);
        int taps = s.kernel() * s.kernel();
        for (int o = 0; o < s.out(); o++) {
            for (int tap = 0; tap < taps; tap++) {
                int to = plan.packedAt(tap / s.kernel(), tap % s.kernel(), 0, o);
                int step = plan.packedStep(o);
                int from = o * s.in() * taps + tap;
                for (int c = 0; c < s.in(); c++) {
                    packed[to + c * step] = filterRows[from + c * taps];
                }
            }
        }
        forward.run(s, plan, x, addToY, y);
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
        if (dx != null) {
            fetch(s, filters, alpha);
        }
        backward.run(s, plans(s), (float) alpha, x, dy, dx, addToDx, dFilters, accumulate);
    }

    /** The filters in heap memory, times alpha. */
    private void fetch(WindowShape s, Tensor filters, double alpha) {
        int n = filters.intSize();
        if (filterRows.length < n) {
            filterRows = new float[n];
        }
        Kernel.buffer(filters).get(Kernel.at(filters), filterRows, 0, n);
        if (alpha != 1) {
            forward.lanes.scale((float) alpha, filterRows, 0, n);
        }
    }

    private void room(int n) {
        if (packed.length < n) {
            packed = new float[n];
        }
    }

    /** The filters of one remainder, turned around and with the roles of their channels exchanged. */
    private void packTransposed(WindowShape s, WindowPlan plan, int remainder, int at) {
        Arrays.fill(packed, at, at + plan.packedSize(), 0f);
        int k = s.kernel();
        int firstRow = Plans.first(s, remainder / s.stride());
        int firstColumn = Plans.first(s, remainder % s.stride());
        for (int r = 0; r < plan.kernelRows; r++) {
            for (int c = 0; c < plan.kernelColumns; c++) {
                int ky = firstRow + (plan.kernelRows - 1 - r) * s.stride();
                int kx = firstColumn + (plan.kernelColumns - 1 - c) * s.stride();
                for (int o = 0; o < s.out(); o++) {
                    for (int i = 0; i < s.in(); i++) {
                        packed[at + plan.packedAt(r, c, o, i)] = filterRows[((o * s.in() + i) * k + ky) * k + kx];
                    }
                }
            }
        }
    }

    /** Drops the channels that fill up the last vector. */
    private static void compact(float[] y, int pixels, int from, int to) {
        if (from == to) {
            return;
        }
        for (int p = 1; p < pixels; p++) {
            System.arraycopy(y, p * from, y, p * to, to);
        }
    }

    /** An item is a band. */
    private final class Forward extends Kernel {
        private WindowPlan plan;
        private Tensor x;
        private Tensor y;
        private int imageSize;
        private int outSize;
        private boolean add;

        Forward(Engine engine) {
            super(engine);
        }

        void run(WindowShape s, WindowPlan p, Tensor xs, boolean addToY, Tensor ys) {
            plan = p;
            x = xs;
            y = ys;
            imageSize = s.imageSize();
            outSize = s.outSize();
            add = addToY;
            launchChunks(s.batch() * p.bands, IMAGE_CHUNKS);
        }

        @Override
        void range(int from, int to, int chunk, int thread, Scratch t) {
            float[] block = t.floats(0, plan.blockSize());
            float[] result = t.floats(1, plan.at.length * plan.vectorOut);
            for (int item = from; item < to; item++) {
                int band = item % plan.bands;
                int image = item / plan.bands;
                int pixels = plan.pixels(band);
                plan.stage(buffer(x), at(x) + image * imageSize, band, block);
                plan.multiply(block, packed, 0, pixels, result);
                compact(result, pixels, plan.vectorOut, plan.out);
                int n = pixels * plan.out;
                int out = at(y) + image * outSize + band * plan.bandRows * plan.outWidth * plan.out;
                if (add) {
                    float[] old = t.floats(2, n);
                    buffer(y).get(out, old, 0, n);
                    lanes.axpy(1f, old, 0, result, 0, n);
                }
                buffer(y).put(out, result, 0, n);
            }
        }
    }

    /**
     * Both gradients of an image while the output's gradient is in the cache; an item is an image. Every chunk sums up a
     * gradient of the filters of its own; they are added in order.
     */
    private final class Backward extends Kernel {
        private float[][] sums = new float[0][];
        private int[] packedAt = new int[0];
        private WindowShape s;
        private WindowPlan plan;
        private WindowPlan[] passes;
        private Tensor x;
        private Tensor dy;
        private Tensor dx;
        private boolean add;
        private boolean ofFilters;

        Backward(Engine engine) {
            super(engine);
        }

        void run(
                WindowShape shape,
                Plans plans,
                float alpha,
                Tensor xs,
                Tensor dys,
                Tensor dxs,
                boolean addToDx,
                Tensor dFilters,
                boolean accumulate) {
            s = shape;
            plan = plans.forward();
            passes = plans.input();
            x = xs;
            dy = dys;
            dx = dxs;
            add = addToDx;
            ofFilters = dFilters != null;
            if (dx != null) {
                pack();
            }
            int chunks = launchChunks(s.batch(), IMAGE_CHUNKS);
            if (ofFilters) {
                for (int c = 1; c < chunks; c++) {
                    lanes.axpy(1f, sums[c], 0, sums[0], 0, sumSize());
                }
                unpack(alpha, dFilters, accumulate);
            }
        }

        private int sumSize() {
            return plan.kernelRows * plan.tiledRun * plan.vectorOut;
        }

        private void pack() {
            if (packedAt.length < passes.length) {
                packedAt = new int[passes.length];
            }
            int size = 0;
            for (int i = 0; i < passes.length; i++) {
                packedAt[i] = size;
                size += passes[i] == null ? 0 : passes[i].packedSize();
            }
            room(size);
            for (int i = 0; i < passes.length; i++) {
                if (passes[i] != null) {
                    packTransposed(s, passes[i], i, packedAt[i]);
                }
            }
        }

        @Override
        void prepare(int chunks) {
            if (sums.length < chunks) {
                sums = Arrays.copyOf(sums, chunks);
            }
            for (int c = 0; ofFilters && c < chunks; c++) {
                if (sums[c] == null || sums[c].length < sumSize()) {
                    sums[c] = new float[sumSize()];
                }
                Arrays.fill(sums[c], 0, sumSize(), 0f);
            }
        }

        @Override
        void range(int from, int to, int chunk, int thread, Scratch t) {
            for (int image = from; image < to; image++) {
                if (ofFilters) {
                    addFilterGradient(image, sums[chunk], t);
                }
                if (dx != null) {
                    inputGradient(image, t);
                }
            }
        }

        private void addFilterGradient(int image, float[] sum, Scratch t) {
            float[] block = t.floats(0, plan.blockSize());
            float[] gradient = t.floats(1, (plan.at.length + 1) * plan.vectorOut);
            for (int band = 0; band < plan.bands; band++) {
                int pixels = plan.pixels(band);
                plan.stage(buffer(x), at(x) + image * s.imageSize(), band, block);
                int at = at(dy) + image * s.outSize() + band * plan.bandRows * plan.outWidth * plan.out;
                spread(buffer(dy), at, pixels, gradient);
                plan.multiplyGradient(block, gradient, pixels, sum);
            }
        }

        /** Gradients with channels up to whole vectors, and one more pixel, zero. */
        private void spread(FloatBuffer from, int at, int pixels, float[] to) {
            from.get(at, to, 0, pixels * plan.out);
            int wide = plan.vectorOut;
            for (int p = pixels - 1; p >= 0 && wide != plan.out; p--) {
                System.arraycopy(to, p * plan.out, to, p * wide, plan.out);
                Arrays.fill(to, p * wide + plan.out, (p + 1) * wide, 0f);
            }
            Arrays.fill(to, pixels * wide, (pixels + 1) * wide, 0f);
        }

        private void inputGradient(int image, Scratch t) {
            if (s.stride() == 1) {
                for (int band = 0; band < passes[0].bands; band++) {
                    int n = pass(passes[0], 0, image, band, t) * s.in();
                    int first = band * passes[0].bandRows * passes[0].outWidth * s.in();
                    store(image * s.imageSize() + first, t.floats(1, n), n, t);
                }
                return;
            }
            float[] whole = t.floats(3, s.imageSize());
            Arrays.fill(whole, 0, s.imageSize(), 0f);
            for (int i = 0; i < passes.length; i++) {
                for (int band = 0; passes[i] != null && band < passes[i].bands; band++) {
                    scatter(passes[i], i, band, pass(passes[i], packedAt[i], image, band, t), t.floats(1, 1), whole);
                }
            }
            store(image * s.imageSize(), whole, s.imageSize(), t);
        }

        /** Leaves a band's gradient in scratch 1 and returns its pixels. */
        private int pass(WindowPlan p, int filters, int image, int band, Scratch t) {
            float[] block = t.floats(0, p.blockSize());
            float[] result = t.floats(1, p.at.length * p.vectorOut);
            int pixels = p.pixels(band);
            p.stage(buffer(dy), at(dy) + image * s.outSize(), band, block);
            p.multiply(block, packed, filters, pixels, result);
            compact(result, pixels, p.vectorOut, p.out);
            return pixels;
        }

        /** Pixels of one remainder to their places. */
        private void scatter(WindowPlan p, int remainder, int band, int pixels, float[] result, float[] whole) {
            int c = s.in();
            for (int i = 0; i < pixels; i++) {
                int row = (band * p.bandRows + i / p.outWidth) * s.stride() + remainder / s.stride();
                int column = i % p.outWidth * s.stride() + remainder % s.stride();
                System.arraycopy(result, i * c, whole, (row * s.width() + column) * c, c);
            }
        }

        private void store(int at, float[] result, int n, Scratch t) {
            if (add) {
                float[] old = t.floats(2, n);
                buffer(dx).get(at(dx) + at, old, 0, n);
                lanes.axpy(1f, old, 0, result, 0, n);
            }
            buffer(dx).put(at(dx) + at, result, 0, n);
        }

        private void unpack(float alpha, Tensor out, boolean accumulate) {
            int n = out.intSize();
            if (filterRows.length < n) {
                filterRows = new float[n];
            }
            if (accumulate) {
                buffer(out).get(at(out), filterRows, 0, n);
            } else {
                Arrays.fill(filterRows, 0, n, 0f);
            }
            int k = s.kernel();
            int taps = k * k;
            for (int tap = 0; tap < taps; tap++) {
                for (int c = 0; c < s.in(); c++) {
                    int from = (tap / k * plan.tiledRun + tap % k * s.in() + c) * plan.vectorOut;
                    int to = c * taps + tap;
                    for (int o = 0; o < s.out(); o++) {
                        filterRows[to + o * s.in() * taps] += alpha * sums[0][from + o];
                    }
                }
            }
            buffer(out).put(at(out), filterRows, 0, n);
        }
    }
}
