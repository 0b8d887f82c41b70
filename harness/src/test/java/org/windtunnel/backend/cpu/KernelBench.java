package org.windtunnel.backend.cpu;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.windtunnel.backend.AdamScalars;
import org.windtunnel.backend.AttentionKernels.AttentionShape;
import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.backend.Slices;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/**
 * Times every kernel of a GPT training step: milliseconds per call (median), calls per step, GFLOPS or GB/s, and the
 * sum over a step.
 *
 * <p>With one thread the times are the thread's CPU time, which survives other load on the machine; with more they are
 * wall-clock time.
 *
 * <p>Run it from the test class path: {@code java --add-modules jdk.incubator.vector -cp ...
 * org.windtunnel.backend.cpu.KernelBench THREADS [D,L,H,T,B ...]}. Timings of a shared machine are noisy; compare runs
 * that were interleaved.
 */
public final class KernelBench {
    private static final int V = 256;
    private static final double SECONDS = 0.4;
    /** Long enough for C2 to have compiled a kernel's loops. */
    private static final double WARM_UP_SECONDS = 0.5;

    private final CpuBackend backend;
    private final Arena arena;
    private final int layers;
    private final int d;
    private final int heads;
    private final int t;
    private final int n;
    private final List<Row> rows = new ArrayList<>();

    private record Row(String kernel, int perStep, double work, String unit, Runnable call) {}

    private KernelBench(CpuBackend backend, Arena arena, int[] shape) {
        this.backend = backend;
        this.arena = arena;
        this.d = shape[0];
        this.layers = shape[1];
        this.heads = shape[2];
        this.t = shape[3];
        this.n = shape[3] * shape[4];
    }

    public static void main(String[] args) {
        int threads = args.length > 0 ? Integer.parseInt(args[0]) : 1;
        List<String> shapes = args.length > 1
                ? Arrays.asList(args).subList(1, args.length)
                : List.of("64,2,2,64,32", "128,4,4,128,16", "256,6,8,256,8", "512,6,8,256,4");
        try (CpuBackend backend = new CpuBackend(threads)) {
            System.out.println(backend.describe());
            for (String s : shapes) {
                int[] shape = Arrays.stream(s.split(",")).mapToInt(Integer::parseInt).toArray();
                try (Arena arena = Arena.of(backend::allocate, DType.FLOAT32)) {
                    KernelBench bench = new KernelBench(backend, arena, shape);
                    bench.products();
                    bench.pointwise();
                    bench.ends();
                    bench.print(s);
                }
            }
        }
    }

    private Tensor take(int... shape) {
        Tensor x = arena.take(shape);
        float[] v = new float[x.intSize()];
        for (int i = 0; i < v.length; i++) {
            v[i] = (float) Math.sin(i * 0.7) * 2;
        }
        x.set(v);
        return x;
    }

    private void gemm(String name, int perStep, boolean ta, boolean tb, int m, int k, int cols, double beta) {
        Tensor a = take(m * k);
        Tensor b = take(k * cols);
        Tensor c = take(m * cols);
        int lda = ta ? m : k;
        int ldb = tb ? k : cols;
        rows.add(new Row(name, perStep, 2.0 * m * k * cols, "GFLOPS", () -> {
            backend.gemm(ta, tb, m, cols, k, 1e-3, a, lda, b, ldb, beta, c, cols);
        }));
    }

    private void products() {
        int[][] shapes = {{d, 3 * d}, {d, d}, {d, 4 * d}, {4 * d, d}};
        String[] names = {"qkv", "proj", "up", "down"};
        for (int i = 0; i < shapes.length; i++) {
            int in = shapes[i][0];
            int out = shapes[i][1];
            gemm(names[i] + " y = x W", layers, false, false, n, in, out, i % 2);
            gemm(names[i] + " dx = dy W'", layers, false, true, n, out, in, 0);
            gemm(names[i] + " dW = x' dy", layers, true, false, in, n, out, 0);
        }
        gemm("head y = x W", 1, false, false, n, d, V, 0);
        gemm("head dx = dy W'", 1, false, true, n, V, d, 0);
        gemm("head dW = x' dy", 1, true, false, d, n, V, 0);
    }

    private void pointwise() {
        Tensor x = take(n, d);
        Tensor y = take(n, d);
        Tensor dx = take(n, d);
        Tensor gain = take(d);
        Tensor bias = take(d);
        Tensor dGain = take(d);
        Tensor dBias = take(d);
        Tensor stats = take(n, 2);
        double bytes = 4.0 * n * d;
        rows.add(new Row("layer norm", 2 * layers + 1, 2 * bytes, "GB/s", () -> {
            backend.layerNormForward(x, gain, bias, 1e-5, y, stats);
        }));
        rows.add(new Row("layer norm backward", 2 * layers + 1, 4 * bytes, "GB/s", () -> {
            backend.layerNormBackward(x, gain, stats, y, dx, true, dGain, dBias, false);
        }));
        rows.add(new Row("residual copy", 2 * layers, 2 * bytes, "GB/s", () -> backend.copy(x, y)));
        Tensor h = take(n, 4 * d);
        Tensor g = take(n, 4 * d);
        for (Activation kind : new Activation[] {Activation.GELU_TANH, Activation.GELU_ERF}) {
            int count = kind == Activation.GELU_TANH ? layers : 0;
            rows.add(new Row(kind + "", count, 8 * bytes, "GB/s", () -> backend.activationForward(kind, h, null, g)));
            rows.add(new Row(kind + " backward", count, 12 * bytes, "GB/s", () -> {
                backend.activationBackward(kind, h, g, g);
            }));
        }
        attention();
    }

    private void attention() {
        int hd = d / heads;
        AttentionShape s = new AttentionShape(n / t, t, heads, heads, hd);
        Tensor qkv = take(n, 3 * d);
        Tensor dqkv = take(n, 3 * d);
        Tensor out = take(n, d);
        Tensor dOut = take(n, d);
        Tensor saved = arena.take(Math.toIntExact(backend.attentionSavedSize(s)));
        Tensor k = qkv.slice(d, 1);
        Tensor v = qkv.slice(2 * d, 1);
        Tensor dk = dqkv.slice(d, 1);
        Tensor dv = dqkv.slice(2 * d, 1);
        double scale = 1 / Math.sqrt(hd);
        double flops = 2.0 * n * t * d;
        int ld = 3 * d;
        rows.add(new Row("attention", layers, flops, "GFLOPS", () -> {
            backend.attentionForward(s, qkv, ld, k, ld, v, ld, scale, out, d, saved);
        }));
        rows.add(new Row("attention backward", layers, 2 * flops, "GFLOPS", () -> backend.attentionBackward(
                s, qkv, ld, k, ld, v, ld, scale, out, dOut, d, saved, dqkv, ld, dk, ld, dv, ld)));
    }

    private void ends() {
        Tensor table = take(V, d);
        Tensor positions = take(t, d);
        Tensor x = take(n, d);
        Tensor ids = arena.take(DType.INT32, n);
        int[] id = new int[n];
        Arrays.setAll(id, i -> (int) (i * 2654435761L % V & 255));
        ids.set(id);
        double bytes = 4.0 * n * d;
        rows.add(new Row("embedding", 1, 3 * bytes, "GB/s", () -> {
            backend.embeddingForward(ids, t, table, positions, 1, x);
        }));
        rows.add(new Row("embedding backward", 1, 6 * bytes, "GB/s", () -> {
            backend.embeddingBackward(ids, t, x, 1, table, false, positions, false);
        }));
        Tensor logits = take(n, V);
        double[] sums = new double[3];
        rows.add(new Row("cross entropy", 1, 8.0 * n * V, "GB/s", () -> {
            backend.crossEntropy(logits, ids, 0, 1.0 / n, logits, sums);
        }));
        int p = layers * (12 * d * d + 4 * d) + (2 * V + t) * d;
        Tensor w = take(p);
        Tensor g = take(p);
        Tensor m = arena.take(p);
        Tensor v2 = arena.take(p);
        AdamScalars scalars = new AdamScalars(1, arena);
        scalars.set(0, 1e-9, 0.1, 1e-8);
        scalars.setMoments(0.9, 0.999, 10);
        scalars.send();
        Tensor gradScale = arena.take(DType.FLOAT64, 1);
        gradScale.put(0, 1);
        Slices ws = new Slices(arena, w, w);
        Slices gs = new Slices(arena, g, g);
        Slices ms = new Slices(arena, m, m);
        Slices vs = new Slices(arena, v2, v2);
        rows.add(new Row("adamw", 1, 28.0 * p, "GB/s", () -> {
            backend.optimizerKernels().adamw(ws, gs, ms, vs, scalars, false, gradScale);
        }));
        rows.add(new Row("sum of squares", 1, 4.0 * p, "GB/s", () -> backend.sumOfSquares(g)));
    }

    private void print(String shape) {
        double total = 0;
        double gemms = 0;
        System.out.printf("D,L,H,T,B = %s%n%-24s %5s %10s %10s %10s%n", shape, "kernel", "calls", "ms/call", "speed",
                "ms/step");
        for (Row row : rows) {
            double ms = median(row.call());
            total += ms * row.perStep();
            gemms += row.kernel().contains("=") ? ms * row.perStep() : 0;
            System.out.printf(Locale.ROOT, "%-24s %5d %10.4f %10.1f %10.3f %s%n", row.kernel(), row.perStep(), ms,
                    row.work() / ms / 1e6, ms * row.perStep(), row.unit());
        }
        System.out.printf(Locale.ROOT, "%-24s %38.3f  (products %.3f)%n", "step", total, gemms);
    }

    private double median(Runnable call) {
        repeat(call, WARM_UP_SECONDS);
        List<Double> times = repeat(call, SECONDS);
        times.sort(null);
        return times.get(times.size() / 2);
    }

    private long clock() {
        return backend.threads() == 1
                ? ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime()
                : System.nanoTime();
    }

    /** Milliseconds of each call made within about {@code seconds}. */
    private List<Double> repeat(Runnable call, double seconds) {
        List<Double> times = new ArrayList<>();
        long end = System.nanoTime() + (long) (seconds * 1e9);
        do {
            long start = clock();
            call.run();
            times.add((clock() - start) / 1e6);
        } while (System.nanoTime() < end);
        return times;
    }
}
