package org.windtunnel.backend.cpu;

import java.nio.FloatBuffer;
import org.windtunnel.backend.Shapes;
import org.windtunnel.tensor.Tensor;

/** LayerNorm and RMSNorm over groups; RMSNorm is the same arithmetic with mean 0 and no bias. */
final class NormKernels {
    private final Forward forward;
    private final Backward backward;

    NormKernels(Engine engine) {
        forward = new Forward(engine);
        backward = new Backward(engine);
    }

    void layerNormForward(Tensor x, Tensor gain, Tensor bias, double eps, Tensor y, Tensor stats) {
        int width = Shapes.columns(x);
        Shapes.sameSize(x, y);
        forward.bias = bias;
        forward.centered = true;
        forward.run(Shapes.rows(x), 1, width, x, width, gain, eps, y, width, stats);
    }

    void rmsNormForward(
            int rows,
            int groups,
            int width,
            Tensor x,
            int ldx,
            Tensor gain,
            double eps,
            Tensor y,
            int ldy,
            Tensor rstd) {
        forward.bias = null;
        forward.centered = false;
        forward.run(rows, groups, width, x, ldx, gain, eps, y, ldy, rstd);
    }

    void layerNormBackward(
            Tensor x,
            Tensor gain,
            Tensor stats,
            Tensor dy,
            Tensor dx,
            boolean addToDx,
            Tensor dGain,
            Tensor dBias,
            boolean accumulate) {
        int width = Shapes.columns(x);
        Shapes.sameSize(x, dy);
        Shapes.sameSize(x, dx);
        backward.dBias = dBias;
        backward.centered = true;
        backward.run(Shapes.rows(x), 1, width, x, width, gain, stats, dy, width, dx, addToDx, dGain, accumulate);
    }

    void rmsNormBackward(
            int rows,
            int groups,
            int width,
            Tensor x,
            int ldx,
            Tensor gain,
            Tensor rstd,
            Tensor dy,
            int ldy,
            Tensor dx,
            boolean addToDx,
            Tensor dGain,
            boolean accumulate) {
        backward.dBias = null;
        backward.centered = false;
        backward.run(rows, groups, width, x, ldx, gain, rstd, dy, ldy, dx, addToDx, dGain, accumulate);
    }

    private static final class Forward extends Kernel {
        private Tensor x;
        private Tensor gain;
        private Tensor bias;
        private Tensor y;
        private Tensor stats;
        private int groups;
        private int width;
        private int ldx;
        private int ldy;
        private double eps;
        private boolean centered;

        Forward(Engine engine) {
            super(engine);
        }

        void run(int rows, int g, int w, Tensor xs, int lx, Tensor gains, double e, Tensor ys, int ly, Tensor st) {
            Shapes.fits(xs, rows, g * w, lx);
            Shapes.fits(ys, rows, g * w, ly);
            Shapes.atLeast(gains, w);
            Shapes.atLeast(st, (long) rows * g * (centered ? 2 : 1));
            x = xs;
            gain = gains;
            y = ys;
            stats = st;
            groups = g;
            width = w;
            ldx = lx;
            ldy = ly;
            eps = e;
            launch(rows, (long) g * w);
        }

        @Override
        void range(int from, int to, int chunk, int thread, Scratch s) {
            int span = groups * width;
            int block = blockRows(span);
            int perGroup = centered ? 2 : 1;
            float[] xs = s.floats(0, block * span);
            float[] st = s.floats(1, block * groups * perGroup);
            float[] g = s.floats(2, width);
            buffer(gain).get(at(gain), g, 0, width);
            float[] b = null;
            if (bias != null) {
                b = s.floats(3, width);
                buffer(bias).get(at(bias), b, 0, width);
            }
            for (int row = from; row < to; row += block) {
                int n = Math.min(block, to - row);
                stage(buffer(x), at(x) + row * ldx, ldx, n, span, xs);
                for (int i = 0; i < n * groups; i++) {
                    normalize(xs, i * width, g, b, st, i * perGroup);
                }
                unstage(buffer(y), at(y) + row * ldy, ldy, n, span, xs);
                buffer(stats).put(at(stats) + row * groups * perGroup, st, 0, n * groups * perGroup);
            }
        }

        private void normalize(float[] xs, int at, float[] g, float[] b, float[] st, int stAt) {
            float mean = centered ? lanes.sum(xs, at, width) / width : 0f;
            float square = centered
                    ? lanes.sumOfSquaredDeviations(xs, at, mean, width)
                    : lanes.dot(xs, at, xs, at, width);
            float rstd = (float) (1 / Math.sqrt(square / width + eps));
            lanes.normalize(xs, at, mean, rstd, g, b, 0, xs, at, width);
            if (centered) {
                st[stAt] = mean;
                st[stAt + 1] = rstd;
            } else {
                st[stAt] = rstd;
            }
        }
    }

    private static final class Backward extends Kernel {
        private final Partials gains = new Partials();
        private final Partials biases = new Partials();
        private Tensor x;
        private Tensor gain;
        private Tensor stats;
        private Tensor dy;
        private Tensor dx;
        private Tensor dBias;
        private int groups;
        private int width;
        private int ldx;
        private int ldy;
        private boolean addToDx;
        private boolean centered;

        Backward(Engine engine) {
            super(engine);
        }

        void run(
                int rows,
                int g,
                int w,
                Tensor xs,
                int lx,
                Tensor gainTensor,
                Tensor st,
                Tensor dys,
                int ly,
                Tensor dxs,
                boolean add,
                Tensor dGain,
                boolean accumulate) {
            Shapes.fits(xs, rows, g * w, lx);
            Shapes.fits(dys, rows, g * w, ly);
            Shapes.fits(dxs, rows, g * w, lx);
            Shapes.atLeast(gainTensor, w);
            Shapes.atLeast(dGain, w);
            x = xs;
            gain = gainTensor;
            stats = st;
            dy = dys;
            dx = dxs;
            groups = g;
            width = w;
            ldx = lx;
            ldy = ly;
            addToDx = add;
            int chunks = launch(rows, (long) g * w);
            finish(gains, chunks, dGain, accumulate);
            if (dBias != null) {
                finish(biases, chunks, dBias, accumulate);
            }
        }

        private void finish(Partials p, int chunks, Tensor out, boolean accumulate) {
            float[] sum = p.combine(lanes, chunks, width);
            if (accumulate) {
                float[] old = scratchOfCaller().floats(0, width);
                buffer(out).get(at(out), old, 0, width);
                lanes.axpy(1f, old, 0, sum, 0, width);
            }
            buffer(out).put(at(out), sum, 0, width);
        }

        @Override
        void prepare(int chunks) {
            gains.reset(chunks, width);
            if (dBias != null) {
                biases.reset(chunks, width);
            }
        }

        @Override
        void range(int from, int to, int chunk, int thread, Scratch s) {
            int span = groups * width;
            int block = blockRows(span);
            int perGroup = centered ? 2 : 1;
            float[] xs = s.floats(0, block * span);
            float[] dys = s.floats(1, block * span);
            float[] dxs = s.floats(2, block * span);
            float[] st = s.floats(3, block * groups * perGroup);
            float[] g = s.floats(4, width);
            float[] sums = s.floats(5, 2);
            buffer(gain).get(at(gain), g, 0, width);
            for (int row = from; row < to; row += block) {
                int n = Math.min(block, to - row);
                stage(buffer(x), at(x) + row * ldx, ldx, n, span, xs);
                stage(buffer(dy), at(dy) + row * ldy, ldy, n, span, dys);
                if (addToDx) {
                    stage(buffer(dx), at(dx) + row * ldx, ldx, n, span, dxs);
                }
                buffer(stats).get(at(stats) + row * groups * perGroup, st, 0, n * groups * perGroup);
                for (int i = 0; i < n * groups; i++) {
                    float mean = centered ? st[2 * i] : 0f;
                    float rstd = centered ? st[2 * i + 1] : st[i];
                    gradient(xs, dys, dxs, i * width, mean, rstd, g, chunk, sums);
                }
                unstage(buffer(dx), at(dx) + row * ldx, ldx, n, span, dxs);
            }
        }

        private void gradient(
                float[] xs,
                float[] dys,
                float[] dxs,
                int at,
                float mean,
                float rstd,
                float[] g,
                int chunk,
                float[] sums) {
            float[] dGains = gains.row(chunk);
            float[] dBiases = dBias == null ? null : biases.row(chunk);
            lanes.normGradientSums(xs, at, mean, rstd, dys, at, g, dGains, dBiases, 0, width, sums);
            float a = centered ? sums[0] / width : 0f;
            float c = sums[1] / width;
            lanes.normGradient(xs, at, mean, rstd, dys, at, g, 0, a, c, addToDx, dxs, at, width);
        }
    }
}
