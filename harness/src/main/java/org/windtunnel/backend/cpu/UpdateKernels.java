package org.windtunnel.backend.cpu;

import java.util.Arrays;
import org.windtunnel.backend.OptimizerKernels.Segments;
import org.windtunnel.backend.Shapes;
import org.windtunnel.tensor.Tensor;

/** Optimizer updates over the segments of a flat vector, all segments in one run. */
final class UpdateKernels {
    private final AdamW adamw;
    private final Sgd sgd;

    UpdateKernels(Engine engine) {
        adamw = new AdamW(engine);
        sgd = new Sgd(engine);
    }

    void adamw(
            Segments segments,
            Tensor w,
            Tensor g,
            Tensor m,
            Tensor v,
            double beta1,
            double beta2,
            long step,
            boolean epsInsideCorrection,
            double gradScale) {
        adamw.run(segments, w, g, m, v, beta1, beta2, step, epsInsideCorrection, gradScale);
    }

    void sgd(
            Segments segments,
            Tensor w,
            Tensor g,
            Tensor buffer,
            double momentum,
            double dampening,
            boolean nesterov,
            boolean decoupled,
            long step,
            double gradScale) {
        sgd.run(segments, w, g, buffer, momentum, dampening, nesterov, decoupled, step, gradScale);
    }

    /** Cuts the segments into blocks, numbered through, so that many small ones share one run. */
    private abstract static class Segmented extends Kernel {
        private int[] firstBlock = new int[1];
        private Segments segments;

        Segmented(Engine engine) {
            super(engine);
        }

        final void launchSegments(Segments s, Tensor w, Tensor state) {
            segments = s;
            int count = s.count();
            if (firstBlock.length < count + 1) {
                firstBlock = new int[count + 1];
            }
            int blocks = 0;
            for (int i = 0; i < count; i++) {
                if (s.offset()[i] < 0 || s.offset()[i] + s.length()[i] > w.size()) {
                    throw new IllegalArgumentException("segment " + i + " leaves the vector " + w);
                }
                if (state != null && (s.stateOffset()[i] < 0 || s.stateOffset()[i] + s.length()[i] > state.size())) {
                    throw new IllegalArgumentException("segment " + i + " leaves the state " + state);
                }
                firstBlock[i] = blocks;
                blocks += (int) ((s.length()[i] + BLOCK - 1) / BLOCK);
            }
            firstBlock[count] = blocks;
            launch(blocks, BLOCK);
        }

        @Override
        final void range(int from, int to, int chunk, int thread, Scratch s) {
            int segment = 0;
            for (int block = from; block < to; block++) {
                while (firstBlock[segment + 1] <= block) {
                    segment++;
                }
                long skip = (long) (block - firstBlock[segment]) * BLOCK;
                int n = (int) Math.min(BLOCK, segments.length()[segment] - skip);
                int at = (int) (segments.offset()[segment] + skip);
                update(segments, segment, at, (int) (segments.stateOffset()[segment] + skip), n, s, thread);
            }
        }

        abstract void update(Segments segments, int segment, int at, int stateAt, int n, Scratch s, int thread);
    }

    private static final class AdamW extends Segmented {
        private final Lanes.AdamScalars[] scalars;
        private Tensor w;
        private Tensor g;
        private Tensor m;
        private Tensor v;
        private double correction1;
        private double correction2;
        private boolean epsInside;

        AdamW(Engine engine) {
            super(engine);
            scalars = new Lanes.AdamScalars[engine.scratch().length];
            Arrays.setAll(scalars, i -> new Lanes.AdamScalars());
        }

        void run(
                Segments segments,
                Tensor weights,
                Tensor gradient,
                Tensor first,
                Tensor second,
                double beta1,
                double beta2,
                long step,
                boolean epsInsideCorrection,
                double gradScale) {
            Shapes.sameSize(weights, gradient);
            Shapes.sameSize(first, second);
            w = weights;
            g = gradient;
            m = first;
            v = second;
            correction1 = 1 - Math.pow(beta1, step);
            correction2 = 1 - Math.pow(beta2, step);
            epsInside = epsInsideCorrection;
            for (Lanes.AdamScalars s : scalars) {
                s.gradScale = (float) gradScale;
                s.beta1 = (float) beta1;
                s.oneMinusBeta1 = (float) (1 - beta1);
                s.beta2 = (float) beta2;
                s.oneMinusBeta2 = (float) (1 - beta2);
            }
            launchSegments(segments, weights, first);
        }

        @Override
        void update(Segments segments, int segment, int at, int stateAt, int n, Scratch s, int thread) {
            Lanes.AdamScalars a = scalars[thread];
            double lr = segments.lr()[segment];
            double rate = lr / correction1;
            a.decay = (float) (1 - lr * segments.weightDecay()[segment]);
            a.rate = (float) (epsInside ? rate * Math.sqrt(correction2) : rate);
            a.root = (float) (epsInside ? 1 : 1 / Math.sqrt(correction2));
            a.eps = (float) segments.eps()[segment];
            float[] ws = s.floats(0, BLOCK);
            float[] gs = s.floats(1, BLOCK);
            float[] ms = s.floats(2, BLOCK);
            float[] vs = s.floats(3, BLOCK);
            buffer(w).get(at(w) + at, ws, 0, n);
            buffer(g).get(at(g) + at, gs, 0, n);
            buffer(m).get(at(m) + stateAt, ms, 0, n);
            buffer(v).get(at(v) + stateAt, vs, 0, n);
            lanes.adamw(ws, gs, ms, vs, 0, n, a);
            buffer(w).put(at(w) + at, ws, 0, n);
            buffer(m).put(at(m) + stateAt, ms, 0, n);
            buffer(v).put(at(v) + stateAt, vs, 0, n);
        }
    }

    private static final class Sgd extends Segmented {
        private final Lanes.SgdScalars[] scalars;
        private Tensor w;
        private Tensor g;
        private Tensor buffer;
        private boolean decoupled;
        private boolean first;

        Sgd(Engine engine) {
            super(engine);
            scalars = new Lanes.SgdScalars[engine.scratch().length];
            Arrays.setAll(scalars, i -> new Lanes.SgdScalars());
        }

        void run(
                Segments segments,
                Tensor weights,
                Tensor gradient,
                Tensor momentumBuffer,
                double mu,
                double damp,
                boolean lookAhead,
                boolean decoupledDecay,
                long step,
                double scale) {
            Shapes.sameSize(weights, gradient);
            w = weights;
            g = gradient;
            buffer = momentumBuffer;
            decoupled = decoupledDecay;
            // Without a buffer every step is the first.
            first = step == 1 || momentumBuffer == null;
            for (Lanes.SgdScalars s : scalars) {
                s.gradScale = (float) scale;
                s.momentum = first ? 0 : (float) mu;
                s.rest = first ? 1 : 1f - (float) damp;
                s.direct = lookAhead && momentumBuffer != null ? 1 : 0;
                s.buffered = lookAhead && momentumBuffer != null ? (float) mu : 1;
            }
            launchSegments(segments, weights, momentumBuffer);
        }

        @Override
        void update(Segments segments, int segment, int at, int stateAt, int n, Scratch s, int thread) {
            Lanes.SgdScalars a = scalars[thread];
            double decay = segments.weightDecay()[segment];
            a.coupled = decoupled ? 0 : (float) decay;
            a.keep = decoupled ? (float) (1 - decay) : 1;
            a.lr = (float) segments.lr()[segment];
            float[] ws = s.floats(0, BLOCK);
            float[] gs = s.floats(1, BLOCK);
            float[] b = s.floats(2, BLOCK);
            buffer(w).get(at(w) + at, ws, 0, n);
            buffer(g).get(at(g) + at, gs, 0, n);
            if (first) {
                Arrays.fill(b, 0, n, 0);
            } else {
                buffer(buffer).get(at(buffer) + stateAt, b, 0, n);
            }
            lanes.sgd(ws, gs, b, 0, n, a);
            if (buffer != null) {
                buffer(buffer).put(at(buffer) + stateAt, b, 0, n);
            }
            buffer(w).put(at(w) + at, ws, 0, n);
        }
    }
}
