package org.windtunnel.backend.cpu;

import java.nio.FloatBuffer;
import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.backend.Shapes;
import org.windtunnel.tensor.Tensor;

/** Activations with a fused bias, SwiGLU, and the bias kernels, by rows. */
final class ActivationKernels {
    private final Forward forward;
    private final Backward backward;
    private final Swiglu swiglu;
    private final ColumnSum columnSum;

    ActivationKernels(Engine engine) {
        forward = new Forward(engine);
        backward = new Backward(engine);
        swiglu = new Swiglu(engine);
        columnSum = new ColumnSum(engine);
    }

    /** x += bias; y = kind(x); a null kind leaves y alone, a null bias leaves x alone. */
    void forward(Activation kind, Tensor x, Tensor bias, Tensor y) {
        forward.run(kind, x, bias, y);
    }

    void backward(Activation kind, Tensor x, Tensor dy, Tensor dx) {
        backward.run(kind, x, dy, dx);
    }

    void swigluForward(Tensor gateUp, Tensor y) {
        swiglu.run(gateUp, y, null);
    }

    void swigluBackward(Tensor gateUp, Tensor dy, Tensor dGateUp) {
        Shapes.sameSize(gateUp, dGateUp);
        swiglu.run(gateUp, dy, dGateUp);
    }

    void columnSum(Tensor x, Tensor out, boolean accumulate) {
        columnSum.run(x, out, accumulate);
    }

    private static final class Forward extends Kernel {
        private Activation kind;
        private Tensor x;
        private Tensor bias;
        private Tensor y;
        private int width;

        Forward(Engine engine) {
            super(engine);
        }

        void run(Activation activation, Tensor xs, Tensor b, Tensor ys) {
            Shapes.sameSize(xs, ys);
            kind = activation;
            x = xs;
            bias = b;
            y = ys;
            width = Shapes.columns(xs);
            if (b != null) {
                Shapes.atLeast(b, width);
            }
            launch(Shapes.rows(xs), width);
        }

        @Override
        void range(int from, int to, int chunk, int thread, Scratch s) {
            int block = blockRows(width);
            float[] v = s.floats(0, block * width);
            float[] b = s.floats(1, width);
            float[] out = s.floats(2, block * width);
            if (bias != null) {
                buffer(bias).get(at(bias), b, 0, width);
            }
            FloatBuffer xb = buffer(x);
            for (int row = from; row < to; row += block) {
                int n = Math.min(block, to - row) * width;
                xb.get(at(x) + row * width, v, 0, n);
                if (bias != null) {
                    for (int i = 0; i < n; i += width) {
                        lanes.axpy(1f, b, 0, v, i, width);
                    }
                    xb.put(at(x) + row * width, v, 0, n);
                }
                if (kind != null) {
                    lanes.activate(kind, v, 0, out, 0, n);
                    buffer(y).put(at(y) + row * width, out, 0, n);
                }
            }
        }
    }

    private static final class Backward extends Kernel {
        private Activation kind;
        private Tensor x;
        private Tensor dy;
        private Tensor dx;
        private int size;

        Backward(Engine engine) {
            super(engine);
        }

        void run(Activation activation, Tensor xs, Tensor dys, Tensor dxs) {
            Shapes.sameSize(xs, dys);
            Shapes.sameSize(xs, dxs);
            kind = activation;
            x = xs;
            dy = dys;
            dx = dxs;
            size = xs.intSize();
            launch((int) (((long) size + BLOCK - 1) / BLOCK), BLOCK);
        }

        @Override
        void range(int from, int to, int chunk, int thread, Scratch s) {
            float[] xs = s.floats(0, BLOCK);
            float[] ds = s.floats(1, BLOCK);
            float[] temp = s.floats(2, 2 * BLOCK);
            for (int block = from; block < to; block++) {
                int i = block * BLOCK;
                int n = Math.min(BLOCK, size - i);
                buffer(x).get(at(x) + i, xs, 0, n);
                buffer(dy).get(at(dy) + i, ds, 0, n);
                lanes.activateGradient(kind, xs, 0, ds, 0, temp, n);
                buffer(dx).put(at(dx) + i, ds, 0, n);
            }
        }
    }

    /** Forward writes y; backward reads it as dy and writes the gradient of both halves. */
    private static final class Swiglu extends Kernel {
        private Tensor gateUp;
        private Tensor y;
        private Tensor gradient;
        private int width;

        Swiglu(Engine engine) {
            super(engine);
        }

        void run(Tensor gu, Tensor ys, Tensor dgu) {
            if (gu.size() != 2 * ys.size()) {
                throw new IllegalArgumentException("expected gate and up of twice the size of " + ys + ", found " + gu);
            }
            gateUp = gu;
            y = ys;
            gradient = dgu;
            width = Shapes.columns(ys);
            launch(Shapes.rows(ys), 2L * width);
        }

        @Override
        void range(int from, int to, int chunk, int thread, Scratch s) {
            int block = blockRows(2 * width);
            float[] gu = s.floats(0, block * 2 * width);
            float[] ys = s.floats(1, block * width);
            float[] temp = s.floats(2, width);
            for (int row = from; row < to; row += block) {
                int n = Math.min(block, to - row);
                int guAt = row * 2 * width;
                buffer(gateUp).get(at(gateUp) + guAt, gu, 0, n * 2 * width);
                if (gradient == null) {
                    for (int i = 0; i < n; i++) {
                        lanes.swiglu(gu, 2 * i * width, gu, (2 * i + 1) * width, ys, i * width, width);
                    }
                    buffer(y).put(at(y) + row * width, ys, 0, n * width);
                } else {
                    buffer(y).get(at(y) + row * width, ys, 0, n * width);
                    for (int i = 0; i < n; i++) {
                        lanes.swigluGradient(gu, 2 * i * width, gu, (2 * i + 1) * width, ys, i * width, temp, width);
                    }
                    buffer(gradient).put(at(gradient) + guAt, gu, 0, n * 2 * width);
                }
            }
        }
    }

    private static final class ColumnSum extends Kernel {
        private final Partials partials = new Partials();
        private Tensor x;
        private int width;

        ColumnSum(Engine engine) {
            super(engine);
        }

        void run(Tensor xs, Tensor out, boolean accumulate) {
            x = xs;
            width = Shapes.columns(xs);
            Shapes.atLeast(out, width);
            int chunks = launch(Shapes.rows(xs), width);
            float[] sum = partials.combine(lanes, chunks, width);
            if (accumulate) {
                float[] old = scratchOfCaller().floats(0, width);
                buffer(out).get(at(out), old, 0, width);
                lanes.axpy(1f, old, 0, sum, 0, width);
            }
            buffer(out).put(at(out), sum, 0, width);
        }

        @Override
        void prepare(int chunks) {
            partials.reset(chunks, width);
        }

        @Override
        void range(int from, int to, int chunk, int thread, Scratch s) {
            int block = blockRows(width);
            float[] v = s.floats(0, block * width);
            float[] sum = partials.row(chunk);
            for (int row = from; row < to; row += block) {
                int n = Math.min(block, to - row);
                buffer(x).get(at(x) + row * width, v, 0, n * width);
                for (int i = 0; i < n; i++) {
                    lanes.axpy(1f, v, i * width, sum, 0, width);
                }
            }
        }
    }
}
