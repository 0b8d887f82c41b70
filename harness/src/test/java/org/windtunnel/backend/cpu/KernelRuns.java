package org.windtunnel.backend.cpu;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.backend.AdamScalars;
import org.windtunnel.backend.AttentionKernels.AttentionShape;
import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.backend.OptimizerKernels;
import org.windtunnel.backend.ProjectedMatrices;
import org.windtunnel.backend.ProjectedMatrices.Channels;
import org.windtunnel.backend.ProjectedMatrices.Scratch;
import org.windtunnel.backend.ProjectedMatrices.Shape;
import org.windtunnel.backend.ProjectedMatrices.State;
import org.windtunnel.backend.Scalars;
import org.windtunnel.backend.SgdScalars;
import org.windtunnel.backend.Slices;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

/**
 * Every kernel on shapes that are odd and yet large enough for several chunks, as calls that can be repeated: the same
 * inputs for any backend instance, with the tensors a call writes.
 */
final class KernelRuns implements AutoCloseable {
    private static final int N = 387;
    private static final int T = 129;
    private static final int D = 67;
    private static final int F = 269;
    private static final int V = 301;

    /** @param outputs what the call writes, inputs included where it works in place */
    record Run(Runnable call, List<Tensor> outputs, double[] sums) {}

    private final CpuBackend backend;
    private final Arena arena;
    private final Map<String, Run> runs = new LinkedHashMap<>();
    private int draws;

    KernelRuns(CpuBackend backend) {
        this.backend = backend;
        this.arena = Arena.of(backend::allocate, DType.FLOAT32);
        linear();
        norms();
        activations();
        tokens();
        attention();
        updates();
    }

    Map<String, Run> all() {
        return runs;
    }

    private Tensor take(int... shape) {
        Tensor x = arena.take(Math.toIntExact(Tensor.sizeOf(shape)) + 3).slice(3, shape);
        Rng rng = new Rng(7, draws++);
        float[] v = new float[x.intSize()];
        for (int i = 0; i < v.length; i++) {
            v[i] = (float) rng.gaussian(i);
        }
        x.set(v);
        return x;
    }

    private void add(String name, Runnable call, Tensor... outputs) {
        runs.put(name, new Run(call, List.of(outputs), new double[3]));
    }

    private void linear() {
        for (int i = 0; i < 8; i++) {
            boolean ta = (i & 1) != 0;
            boolean tb = (i & 2) != 0;
            boolean wide = (i & 4) != 0;
            int m = wide ? D : N;
            int n = wide ? N : D;
            Tensor a = take(m * F);
            Tensor b = take(F * n);
            Tensor c = take(m, n + 2);
            add("gemm " + ta + " " + tb + " " + wide, () -> {
                backend.gemm(ta, tb, m, n, F, 0.5, a, ta ? m : F, b, tb ? F : n, 0.25, c, n + 2);
            }, c);
        }
        int depth = 2051;
        Tensor deepA = take(depth, D);
        Tensor deepB = take(depth, F);
        Tensor deepC = take(D, F + 1);
        add("deep gemm", () -> backend.gemm(
                true, false, D, F, depth, 0.5, deepA, D, deepB, F, 0.25, deepC, F + 1), deepC);
        Tensor a = take(5, 31, 17);
        Tensor b = take(5, 17, 29);
        Tensor c = take(5, 31, 29);
        add("batched gemm", () -> backend.gemmStridedBatched(
                false, false, 31, 29, 17, 1, a, 17, 31 * 17, b, 29, 17 * 29, 0, c, 29, 31 * 29, 5), c);
        Tensor x = take(100_003);
        Tensor y = take(100_003);
        add("axpy", () -> backend.axpy(0.3, x, y), y);
        add("scale", () -> backend.scale(0.9, x), x);
        add("copy", () -> backend.copy(x, y), y);
        add("fill", () -> backend.fill(y, 2), y);
        double[] sums = new double[3];
        Tensor z = take(100_003);
        runs.put("sum of squares", new Run(() -> sums[0] = backend.sumOfSquares(z), List.of(), sums));
    }

    private void norms() {
        Tensor x = take(N, D);
        Tensor y = take(N, D);
        Tensor dx = take(N, D);
        Tensor gain = take(D);
        Tensor bias = take(D);
        Tensor dGain = take(D);
        Tensor dBias = take(D);
        Tensor stats = take(N, 2);
        add("layer norm", () -> backend.layerNormForward(x, gain, bias, 1e-5, y, stats), y, stats);
        add("layer norm backward", () -> backend.layerNormBackward(
                x, gain, stats, y, dx, true, dGain, dBias, true), dx, dGain, dBias);
        int groups = 3;
        int width = 22;
        Tensor rstd = take(N * groups);
        add("rms norm", () -> backend.rmsNormForward(N, groups, width, x, D, gain, 1e-6, y, D, rstd), y, rstd);
        add("rms norm backward", () -> backend.rmsNormBackward(
                N, groups, width, x, D, gain, rstd, y, D, dx, false, dGain, false), dx, dGain);
    }

    private void activations() {
        Tensor bias = take(F);
        for (Activation kind : Activation.values()) {
            Tensor x = take(N, F);
            Tensor y = take(N, F);
            add(kind + "", () -> backend.activationForward(kind, x, bias, y), x, y);
            add(kind + " backward", () -> backend.activationBackward(kind, x, y, y), y);
        }
        Tensor gateUp = take(N, 2 * F);
        Tensor y = take(N, F);
        Tensor dGateUp = take(N, 2 * F);
        add("swiglu", () -> backend.swigluForward(gateUp, y), y);
        add("swiglu backward", () -> backend.swigluBackward(gateUp, y, dGateUp), dGateUp);
        add("add bias", () -> backend.addBias(y, bias), y);
        Tensor out = take(F);
        Tensor rows = gateUp.reshape(2 * N, F);
        add("column sum", () -> backend.columnSum(rows, out, true), out);
    }

    private void tokens() {
        Tensor ids = arena.take(DType.INT32, N);
        Tensor targets = arena.take(DType.INT32, N);
        Rng rng = new Rng(11, 0);
        int[] id = new int[N];
        int[] target = new int[N];
        for (int i = 0; i < N; i++) {
            id[i] = (int) rng.below(i, 40);
            target[i] = (int) rng.below(N + i, V + 30) - 30;
        }
        ids.set(id);
        targets.set(target);
        Tensor table = take(V, D);
        Tensor positions = take(T + 2, D);
        Tensor x = take(N, D);
        add("embedding", () -> backend.embeddingForward(ids, T, table, positions, 1.5, x), x);
        add("embedding backward", () -> backend.embeddingBackward(
                ids, T, x, 1.5, table, true, positions, false), table, positions);
        Tensor logits = take(N, V);
        double[] sums = new double[3];
        runs.put("cross entropy", new Run(
                () -> backend.crossEntropy(logits, targets, 1e-2, 0.5, logits, sums), List.of(logits), sums));
        runs.put("squared error", new Run(
                () -> backend.squaredError(logits, targets, 0.5, logits, sums), List.of(logits), sums));
        Tensor angles = take(T, 11);
        Tensor rotated = take(N, D);
        add("rope", () -> backend.rope(N, T, 3, 22, rotated, D, angles, angles, false, rotated, D), rotated);
    }

    private void attention() {
        AttentionShape s = new AttentionShape(3, T, 6, 2, 11);
        int ld = (6 + 2 + 2) * 11;
        Tensor qkv = take(N, ld);
        Tensor dqkv = take(N, ld);
        Tensor out = take(N, D);
        Tensor dOut = take(N, D);
        Tensor saved = take(Math.toIntExact(backend.attentionSavedSize(s)));
        Tensor k = qkv.slice(66, 1);
        Tensor v = qkv.slice(88, 1);
        Tensor dk = dqkv.slice(66, 1);
        Tensor dv = dqkv.slice(88, 1);
        add("attention", () -> backend.attentionForward(s, qkv, ld, k, ld, v, ld, 0.3, out, D, saved), out);
        add("attention backward", () -> backend.attentionBackward(
                s, qkv, ld, k, ld, v, ld, 0.3, out, dOut, D, saved, dqkv, ld, dk, ld, dv, ld), dqkv);
    }

    /** Two, with a gap between them. */
    private Slices parts(Tensor flat) {
        return new Slices(arena, flat, flat.slice(0, 40_001), flat.slice(40_007, 29_994));
    }

    private void updates() {
        int p = 70_001;
        Tensor w = take(p);
        Tensor g = take(p);
        Tensor m = arena.take(p);
        Tensor v = arena.take(p);
        AdamScalars adam = new AdamScalars(2, arena);
        adam.set(0, 1e-2, 0.1, 1e-8);
        adam.set(1, 1e-3, 0, 1e-6);
        adam.setMoments(0.9, 0.99, 1);
        adam.send();
        SgdScalars sgd = new SgdScalars(2, arena);
        sgd.set(0, 1e-2, 0.1);
        sgd.set(1, 1e-3, 0);
        sgd.setMomentum(0.9, 0.1, 2);
        sgd.send();
        Tensor gradScale = arena.take(DType.FLOAT64, 1);
        gradScale.put(0, 0.5);
        Slices ws = parts(w);
        Slices gs = parts(g);
        Slices ms = parts(m);
        Slices vs = parts(v);
        OptimizerKernels kernels = backend.optimizerKernels();
        add("adamw", () -> kernels.adamw(ws, gs, ms, vs, adam, false, gradScale), w, m, v);
        add("sgd", () -> kernels.sgd(ws, gs, ms, sgd, null, true, false, gradScale), w, m);
        Tensor square = arena.take(p);
        Tensor decayed = arena.take(DType.FLOAT64, 1);
        decayed.set(0.9);
        add("combine", () -> backend.combine(0.5, g, -0.25, w, square), square);
        Slices squares = parts(square);
        add("cautious decay", () -> kernels.cautiousDecay(squares, gs, decayed), square);
        for (Shape shape : List.of(
                new Shape(100, 700, 25, false, Channels.COLUMNS), new Shape(700, 100, 25, true, Channels.ROWS),
                new Shape(100, 700, 1, false, Channels.ALL), new Shape(700, 100, 1, true, Channels.ALL),
                new Shape(100, 700, 3, true, Channels.ALL))) {
            projectedUpdate(shape, g, gradScale);
        }
    }

    private void projectedUpdate(Shape shape, Tensor gradient, Tensor gradScale) {
        Tensor w = take(shape.rows(), shape.columns());
        State state = new State(take(shape.projection()), arena.take(shape.reduced()), arena.take(shape.reduced()),
                arena.take(1));
        Scratch scratch = new Scratch(arena.take(shape.reduced()), arena.take(shape.factors()),
                arena.take(DType.FLOAT64, 1), arena.take(DType.FLOAT64, 1));
        Scalars numbers = new Scalars(ProjectedMatrices.NUMBERS, arena);
        double[] values = {0.9, 0.99, 1e-6, 1e-3, 1, 1, 1.01, 0, 0.99};
        for (int i = 0; i < values.length; i++) {
            numbers.set(i, values[i]);
        }
        numbers.send();
        ProjectedMatrices one = new ProjectedMatrices(arena, List.of(shape), new Slices(arena, w, w),
                new Slices(arena, gradient, gradient), 0, state, scratch, numbers.tensor(), gradScale);
        add("projected update " + shape, () -> backend.optimizerKernels().projectedUpdate(one), w,
                state.firstMoments(), state.secondMoments(), state.lastNorms());
    }

    /** Bits of everything a run has written, sums included. */
    static List<float[]> written(Run run) {
        List<float[]> all = new ArrayList<>();
        run.outputs().forEach(t -> all.add(t.toFloats()));
        for (double s : run.sums()) {
            all.add(new float[] {Float.intBitsToFloat((int) (Double.doubleToRawLongBits(s) >>> 32)),
                Float.intBitsToFloat((int) Double.doubleToRawLongBits(s))});
        }
        return all;
    }

    @Override
    public void close() {
        arena.close();
    }
}
