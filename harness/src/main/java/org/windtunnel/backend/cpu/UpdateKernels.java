package org.windtunnel.backend.cpu;

import java.util.Arrays;
import org.windtunnel.backend.AdamScalars;
import org.windtunnel.backend.SgdScalars;
import org.windtunnel.backend.Slices;
import org.windtunnel.tensor.Tensor;

/** Optimizer updates of many tensors in one run. */
final class UpdateKernels {
    private final AdamW adamw;
    private final Sgd sgd;

    UpdateKernels(Engine engine) {
        adamw = new AdamW(engine);
        sgd = new Sgd(engine);
    }

    void adamw(
            Slices w, Slices g, Slices m, Slices v, AdamScalars scalars, boolean epsInsideCorrection, Tensor gradScale) {
        adamw.run(w, g, m, v, scalars, epsInsideCorrection, gradScale);
    }

    void sgd(
            Slices w,
            Slices g,
            Slices buffer,
            SgdScalars scalars,
            Tensor gains,
            boolean nesterov,
            boolean decoupled,
            Tensor gradScale) {
        sgd.run(w, g, buffer, scalars, gains, nesterov, decoupled, gradScale);
    }

    /** Cuts the tensors into blocks, numbered through, so that many small ones share one run. */
    private abstract static class Segmented extends Kernel {
        private int[] firstBlock = new int[1];
        Slices w;
        Slices g;

        Segmented(Engine engine) {
            super(engine);
        }

        final void launchSlices(Slices weights, Slices gradients) {
            weights.requireSameSizes(gradients);
            w = weights;
            g = gradients;
            int count = w.count();
            if (firstBlock.length < count + 1) {
                firstBlock = new int[count + 1];
            }
            int blocks = 0;
            for (int k = 0; k < count; k++) {
                firstBlock[k] = blocks;
                blocks += (int) ((w.get(k).size() + BLOCK - 1) / BLOCK);
            }
            firstBlock[count] = blocks;
            launch(blocks, BLOCK);
        }

        @Override
        final void range(int from, int to, int chunk, int thread, Scratch s) {
            int k = 0;
            for (int block = from; block < to; block++) {
                while (firstBlock[k + 1] <= block) {
                    k++;
                }
                int skip = (block - firstBlock[k]) * BLOCK;
                update(k, skip, Math.min(BLOCK, w.get(k).intSize() - skip), s, thread);
            }
        }

        /** Elements from {@code skip} on of tensor {@code k}. */
        abstract void update(int k, int skip, int n, Scratch s, int thread);

        static void load(Tensor x, int skip, float[] to, int n) {
            buffer(x).get(at(x) + skip, to, 0, n);
        }

        static void store(Tensor x, int skip, float[] from, int n) {
            buffer(x).put(at(x) + skip, from, 0, n);
        }
    }

    private static final class AdamW extends Segmented {
        private final Lanes.AdamScalars[] lanesOf;
        private Slices m;
        private Slices v;
        private AdamScalars scalars;
        private double correction1;
        private double correction2;
        private boolean epsInside;

        AdamW(Engine engine) {
            super(engine);
            lanesOf = new Lanes.AdamScalars[engine.scratch().length];
            Arrays.setAll(lanesOf, i -> new Lanes.AdamScalars());
        }

        void run(
                Slices weights,
                Slices gradients,
                Slices first,
                Slices second,
                AdamScalars numbers,
                boolean epsInsideCorrection,
                Tensor gradScale) {
            weights.requireSameSizes(first);
            weights.requireSameSizes(second);
            m = first;
            v = second;
            scalars = numbers;
            correction1 = numbers.correction1();
            correction2 = numbers.correction2();
            epsInside = epsInsideCorrection;
            for (Lanes.AdamScalars s : lanesOf) {
                s.gradScale = (float) gradScale.item(0);
                s.beta1 = (float) numbers.beta1();
                s.oneMinusBeta1 = (float) (1 - numbers.beta1());
                s.beta2 = (float) numbers.beta2();
                s.oneMinusBeta2 = (float) (1 - numbers.beta2());
            }
            launchSlices(weights, gradients);
        }

        @Override
        void update(int k, int skip, int n, Scratch s, int thread) {
            Lanes.AdamScalars a = lanesOf[thread];
            double lr = scalars.lr(k);
            double rate = lr / correction1;
            a.decay = (float) (1 - lr * scalars.weightDecay(k));
            a.rate = (float) (epsInside ? rate * Math.sqrt(correction2) : rate);
            a.root = (float) (epsInside ? 1 : 1 / Math.sqrt(correction2));
            a.eps = (float) scalars.eps(k);
            float[] ws = s.floats(0, BLOCK);
            float[] gs = s.floats(1, BLOCK);
            float[] ms = s.floats(2, BLOCK);
            float[] vs = s.floats(3, BLOCK);
            load(w.get(k), skip, ws, n);
            load(g.get(k), skip, gs, n);
            load(m.get(k), skip, ms, n);
            load(v.get(k), skip, vs, n);
            lanes.adamw(ws, gs, ms, vs, 0, n, a);
            store(w.get(k), skip, ws, n);
            store(m.get(k), skip, ms, n);
            store(v.get(k), skip, vs, n);
        }
    }

    private static final class Sgd extends Segmented {
        private final Lanes.SgdScalars[] lanesOf;
        private Slices momentumBuffer;
        private SgdScalars scalars;
        private Tensor gains;
        private boolean decoupled;
        private boolean first;

        Sgd(Engine engine) {
            super(engine);
            lanesOf = new Lanes.SgdScalars[engine.scratch().length];
            Arrays.setAll(lanesOf, i -> new Lanes.SgdScalars());
        }

        void run(
                Slices weights,
                Slices gradients,
                Slices buffers,
                SgdScalars numbers,
                Tensor gainOfEach,
                boolean nesterov,
                boolean decoupledDecay,
                Tensor gradScale) {
            if (buffers != null) {
                weights.requireSameSizes(buffers);
            }
            momentumBuffer = buffers;
            scalars = numbers;
            gains = gainOfEach;
            decoupled = decoupledDecay;
            // Without a buffer every step is the first.
            first = numbers.first() || buffers == null;
            for (Lanes.SgdScalars s : lanesOf) {
                s.gradScale = (float) gradScale.item(0);
                s.momentum = first ? 0 : (float) numbers.momentum();
                s.rest = first ? 1 : 1f - (float) numbers.dampening();
                s.direct = nesterov && buffers != null ? 1 : 0;
                s.buffered = nesterov && buffers != null ? (float) numbers.momentum() : 1;
            }
            launchSlices(weights, gradients);
        }

        @Override
        void update(int k, int skip, int n, Scratch s, int thread) {
            Lanes.SgdScalars a = lanesOf[thread];
            double decay = scalars.weightDecay(k);
            a.coupled = decoupled ? 0 : (float) decay;
            a.keep = decoupled ? (float) (1 - decay) : 1;
            a.lr = (float) (gains == null ? scalars.lr(k) : scalars.lr(k) * gains.item(k));
            float[] ws = s.floats(0, BLOCK);
            float[] gs = s.floats(1, BLOCK);
            float[] b = s.floats(2, BLOCK);
            load(w.get(k), skip, ws, n);
            load(g.get(k), skip, gs, n);
            if (first) {
                Arrays.fill(b, 0, n, 0);
            } else {
                load(momentumBuffer.get(k), skip, b, n);
            }
            lanes.sgd(ws, gs, b, 0, n, a);
            if (momentumBuffer != null) {
                store(momentumBuffer.get(k), skip, b, n);
            }
            store(w.get(k), skip, ws, n);
        }
    }
}
