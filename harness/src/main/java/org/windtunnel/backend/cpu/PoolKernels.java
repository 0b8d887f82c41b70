package org.windtunnel.backend.cpu;

import java.util.Arrays;
import org.windtunnel.backend.ImageKernels.WindowShape;
import org.windtunnel.backend.Shapes;
import org.windtunnel.tensor.Tensor;

/** Pooling over windows and the change of layout; an item is an image. */
final class PoolKernels {
    private final Pooling pooling;
    private final Transposition transposition;

    PoolKernels(Engine engine) {
        pooling = new Pooling(engine);
        transposition = new Transposition(engine);
    }

    void channelsLast(int batch, int channels, int pixels, Tensor from, Tensor to) {
        transposition.run(batch, channels, pixels, from, to);
    }

    void averageForward(WindowShape s, Tensor x, Tensor y) {
        pooling.run(Mode.AVERAGE, s, x, y, null, false);
    }

    void averageBackward(WindowShape s, Tensor dy, Tensor dx, boolean addToDx) {
        pooling.run(Mode.AVERAGE_GRADIENT, s, dx, dy, null, addToDx);
    }

    void maxForward(WindowShape s, Tensor x, Tensor y, Tensor winners) {
        pooling.run(Mode.MAX, s, x, y, winners, false);
    }

    void maxBackward(WindowShape s, Tensor dy, Tensor winners, Tensor dx) {
        pooling.run(Mode.MAX_GRADIENT, s, dx, dy, winners, false);
    }

    private enum Mode {
        AVERAGE,
        AVERAGE_GRADIENT,
        MAX,
        MAX_GRADIENT
    }

    /** All four: {@code large} is the side that windows slide over, {@code small} the one with an element per window. */
    private static final class Pooling extends Kernel {
        private Mode mode;
        private WindowShape s;
        private Tensor large;
        private Tensor small;
        private Tensor winners;
        private boolean add;

        Pooling(Engine engine) {
            super(engine);
        }

        void run(Mode what, WindowShape shape, Tensor x, Tensor y, Tensor winner, boolean addToLarge) {
            if (shape.in() != shape.out()) {
                throw new IllegalArgumentException("expected as many channels out as in, found " + shape);
            }
            mode = what;
            s = shape;
            large = x;
            small = y;
            winners = winner;
            add = addToLarge;
            launch(s.batch(), s.imageSize());
        }

        @Override
        void range(int from, int to, int chunk, int thread, Scratch t) {
            float[] x = t.floats(0, s.imageSize());
            float[] y = t.floats(1, s.outSize());
            int[] index = winners == null ? null : t.ints(s.outSize());
            boolean gradient = mode == Mode.AVERAGE_GRADIENT || mode == Mode.MAX_GRADIENT;
            for (int b = from; b < to; b++) {
                int xAt = at(large) + b * s.imageSize();
                int yAt = at(small) + b * s.outSize();
                if (gradient) {
                    buffer(small).get(yAt, y, 0, s.outSize());
                }
                if (gradient && !add) {
                    Arrays.fill(x, 0, s.imageSize(), 0f);
                } else {
                    buffer(large).get(xAt, x, 0, s.imageSize());
                }
                if (mode == Mode.MAX_GRADIENT) {
                    ints().get(at(winners) + b * s.outSize(), index, 0, s.outSize());
                }
                image(x, y, index);
                if (gradient) {
                    buffer(large).put(xAt, x, 0, s.imageSize());
                } else {
                    buffer(small).put(yAt, y, 0, s.outSize());
                }
                if (mode == Mode.MAX) {
                    ints().put(at(winners) + b * s.outSize(), index, 0, s.outSize());
                }
            }
        }

        private java.nio.IntBuffer ints() {
            return ((CpuStorage) winners.storage()).ints();
        }

        private void image(float[] x, float[] y, int[] index) {
            int c = s.in();
            int at = 0;
            for (int oy = 0; oy < s.outHeight(); oy++) {
                int y0 = Math.max(0, oy * s.stride() - s.padding());
                int y1 = Math.min(s.height(), oy * s.stride() - s.padding() + s.kernel());
                for (int ox = 0; ox < s.outWidth(); ox++, at += c) {
                    int x0 = Math.max(0, ox * s.stride() - s.padding());
                    int x1 = Math.min(s.width(), ox * s.stride() - s.padding() + s.kernel());
                    switch (mode) {
                        case AVERAGE -> average(x, y, at, y0, y1, x0, x1);
                        case AVERAGE_GRADIENT -> averageGradient(x, y, at, y0, y1, x0, x1);
                        case MAX -> max(x, y, index, at, y0, y1, x0, x1);
                        case MAX_GRADIENT -> {
                            for (int j = 0; j < c; j++) {
                                x[index[at + j] * c + j] += y[at + j];
                            }
                        }
                    }
                }
            }
        }

        private void average(float[] x, float[] y, int at, int y0, int y1, int x0, int x1) {
            int c = s.in();
            Arrays.fill(y, at, at + c, 0f);
            for (int iy = y0; iy < y1; iy++) {
                for (int ix = x0; ix < x1; ix++) {
                    lanes.axpy(1f, x, (iy * s.width() + ix) * c, y, at, c);
                }
            }
            lanes.scale(1f / ((y1 - y0) * (x1 - x0)), y, at, c);
        }

        private void averageGradient(float[] x, float[] y, int at, int y0, int y1, int x0, int x1) {
            int c = s.in();
            float share = 1f / ((y1 - y0) * (x1 - x0));
            for (int iy = y0; iy < y1; iy++) {
                for (int ix = x0; ix < x1; ix++) {
                    lanes.axpy(share, y, at, x, (iy * s.width() + ix) * c, c);
                }
            }
        }

        private void max(float[] x, float[] y, int[] index, int at, int y0, int y1, int x0, int x1) {
            int c = s.in();
            int first = y0 * s.width() + x0;
            System.arraycopy(x, first * c, y, at, c);
            Arrays.fill(index, at, at + c, first);
            for (int iy = y0; iy < y1; iy++) {
                for (int ix = x0; ix < x1; ix++) {
                    int pixel = iy * s.width() + ix;
                    for (int j = 0; j < c; j++) {
                        if (x[pixel * c + j] > y[at + j]) {
                            y[at + j] = x[pixel * c + j];
                            index[at + j] = pixel;
                        }
                    }
                }
            }
        }
    }

    /** [C, P] to [P, C] for each image. */
    private static final class Transposition extends Kernel {
        private int channels;
        private int pixels;
        private Tensor from;
        private Tensor to;

        Transposition(Engine engine) {
            super(engine);
        }

        void run(int batch, int c, int p, Tensor source, Tensor target) {
            channels = c;
            pixels = p;
            from = source;
            to = target;
            Shapes.atLeast(source, (long) batch * c * p);
            Shapes.sameSize(source, target);
            launch(batch, (long) c * p);
        }

        @Override
        void range(int first, int last, int chunk, int thread, Scratch s) {
            int n = channels * pixels;
            float[] in = s.floats(0, n);
            float[] out = s.floats(1, n);
            for (int b = first; b < last; b++) {
                buffer(from).get(at(from) + b * n, in, 0, n);
                for (int c = 0; c < channels; c++) {
                    for (int p = 0; p < pixels; p++) {
                        out[p * channels + c] = in[c * pixels + p];
                    }
                }
                buffer(to).put(at(to) + b * n, out, 0, n);
            }
        }
    }
}
