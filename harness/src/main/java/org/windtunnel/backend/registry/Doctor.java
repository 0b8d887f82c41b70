package org.windtunnel.backend.registry;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.CpuFeatures;
import org.windtunnel.backend.Natives;
import org.windtunnel.backend.cpu.CpuBackend;
import org.windtunnel.config.RuntimeSpec;
import org.windtunnel.config.RuntimeSpec.BackendName;
import org.windtunnel.config.RuntimeSpec.Precision;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.Tensor;

/** What the CPU backend, or that of a GPU, runs on and how fast it is, measured in a few seconds. */
public final class Doctor {
    /** Single-precision GFLOPS of one thread at the large product below which something is wrong, with AVX-512. */
    static final double EXPECTED_AVX512 = 40;
    /** The same with AVX2. */
    static final double EXPECTED_AVX2 = 25;

    private static final int LARGE = 512;
    private static final int SMALL_ROWS = 64;
    private static final int SMALL_DEPTH = 32;
    private static final int SMALL_BATCH = 64;
    private static final int VECTOR = 1 << 23;
    private static final int GPU_LARGE = 4096;
    private static final int GPU_VECTOR = 1 << 26;
    private static final int WARM_UP_VECTOR = 1 << 14;
    private static final double SECONDS = 0.3;

    private Doctor() {}

    /**
     * One measured speed, the best of its repetitions.
     *
     * @param what the operation and its shape
     * @param unit {@code GFLOPS} or {@code GB/s}
     */
    public record Speed(String what, int threads, double value, String unit) {}

    /**
     * The findings.
     *
     * @param facts processor, BLAS, threads and kernels in use, in display order
     * @param warnings what looks wrong and what to try; empty if nothing does
     */
    public record Report(Map<String, String> facts, List<Speed> speeds, List<String> warnings) {}

    /**
     * Opens the CPU backend and measures it; takes about two seconds.
     *
     * @param threads threads of the second half of the measurements; the first half uses one
     * @throws org.windtunnel.config.ConfigException if the processor has no AVX
     */
    public static Report measure(int threads) {
        Map<String, String> facts = new LinkedHashMap<>();
        List<Speed> speeds = new ArrayList<>();
        facts.put("java", System.getProperty("java.version") + " (" + System.getProperty("java.vm.name") + ")");
        facts.put("processors", Integer.toString(Runtime.getRuntime().availableProcessors()));
        for (int t : threads > 1 ? new int[] {1, threads} : new int[] {1}) {
            try (CpuBackend backend = new CpuBackend(t);
                    Arena arena = Arena.of(backend::allocate, backend.floatType())) {
                facts.putAll(backend.describe());
                speeds.add(new Speed("sgemm " + LARGE + "x" + LARGE + "x" + LARGE, t, large(backend, arena), "GFLOPS"));
                speeds.add(new Speed(
                        "sgemm " + SMALL_BATCH + " of " + SMALL_ROWS + "x" + SMALL_ROWS + "x" + SMALL_DEPTH,
                        t,
                        small(backend, arena),
                        "GFLOPS"));
                speeds.add(new Speed("axpy of 2^23 elements", t, axpy(backend, arena), "GB/s"));
            }
        }
        return new Report(facts, speeds, warnings(Natives.features(), speeds.get(0).value()));
    }

    /**
     * Opens the backend of a GPU and measures it; takes a few seconds.
     *
     * @throws org.windtunnel.config.ConfigException if there is no GPU that can be used
     */
    public static Report measureGpu() {
        Map<String, String> facts = new LinkedHashMap<>();
        List<Speed> speeds = new ArrayList<>();
        for (Precision precision : List.of(Precision.FP32, Precision.TF32, Precision.BF16)) {
            try (Backend gpu = Backends.open(new RuntimeSpec(BackendName.CUDA, 1, precision));
                    Arena arena = Arena.of(gpu::allocate, gpu.floatType())) {
                facts.putAll(gpu.describe());
                speeds.add(new Speed("product of " + GPU_LARGE + "x" + GPU_LARGE + ", operands "
                        + precision.name().toLowerCase(Locale.ROOT), 1, gpuProduct(gpu, arena), "GFLOPS"));
                if (precision == Precision.FP32) {
                    speeds.add(new Speed("axpy of 2^26 elements", 1, gpuAxpy(gpu, arena), "GB/s"));
                }
            }
        }
        facts.remove("matrix products");
        facts.remove("published peak");
        return new Report(facts, speeds, List.of());
    }

    private static double gpuProduct(Backend gpu, Arena arena) {
        Tensor a = filled(gpu, arena, GPU_LARGE * GPU_LARGE);
        Tensor b = filled(gpu, arena, GPU_LARGE * GPU_LARGE);
        Tensor c = arena.take(GPU_LARGE * GPU_LARGE);
        return 2.0 * GPU_LARGE * GPU_LARGE * GPU_LARGE / 1e9 / best(() -> {
            gpu.gemm(false, true, GPU_LARGE, GPU_LARGE, GPU_LARGE, 1, a, GPU_LARGE, b, GPU_LARGE, 0, c, GPU_LARGE);
            gpu.synchronize();
        });
    }

    private static double gpuAxpy(Backend gpu, Arena arena) {
        Tensor x = filled(gpu, arena, GPU_VECTOR);
        Tensor y = filled(gpu, arena, GPU_VECTOR);
        return 12.0 * GPU_VECTOR / 1e9 / best(() -> {
            gpu.axpy(1e-3, x, y);
            gpu.synchronize();
        });
    }

    private static double large(Backend backend, Arena arena) {
        Tensor a = filled(backend, arena, LARGE * LARGE);
        Tensor b = filled(backend, arena, LARGE * LARGE);
        Tensor c = arena.take(LARGE * LARGE);
        return 2.0 * LARGE * LARGE * LARGE / 1e9 / best(() -> backend.gemm(
                false, false, LARGE, LARGE, LARGE, 1, a, LARGE, b, LARGE, 0, c, LARGE));
    }

    /** Query times key of 64 heads, 64 positions and 32 elements each. */
    private static double small(Backend backend, Arena arena) {
        int stride = SMALL_ROWS * SMALL_DEPTH;
        Tensor q = filled(backend, arena, SMALL_BATCH * stride);
        Tensor k = filled(backend, arena, SMALL_BATCH * stride);
        Tensor s = arena.take(SMALL_BATCH * SMALL_ROWS * SMALL_ROWS);
        double flops = 2.0 * SMALL_BATCH * SMALL_ROWS * SMALL_ROWS * SMALL_DEPTH;
        return flops / 1e9 / best(() -> backend.gemmStridedBatched(
                false, true, SMALL_ROWS, SMALL_ROWS, SMALL_DEPTH, 1, q, SMALL_DEPTH, stride, k, SMALL_DEPTH, stride, 0,
                s, SMALL_ROWS, (long) SMALL_ROWS * SMALL_ROWS, SMALL_BATCH));
    }

    /** Short calls first, until the JVM has compiled the loop. */
    private static double axpy(Backend backend, Arena arena) {
        Tensor x = filled(backend, arena, VECTOR);
        Tensor y = filled(backend, arena, VECTOR);
        Tensor shortX = x.slice(0, WARM_UP_VECTOR);
        Tensor shortY = y.slice(0, WARM_UP_VECTOR);
        best(() -> backend.axpy(1e-3, shortX, shortY));
        return 12.0 * VECTOR / 1e9 / best(() -> backend.axpy(1e-3, x, y));
    }

    private static Tensor filled(Backend backend, Arena arena, int n) {
        Tensor x = arena.take(n);
        backend.fill(x, 0.5);
        return x;
    }

    /** Seconds of the fastest call. */
    private static double best(Runnable call) {
        double best = Double.MAX_VALUE;
        long end = System.nanoTime() + (long) (SECONDS * 1e9);
        do {
            long start = System.nanoTime();
            call.run();
            best = Math.min(best, (System.nanoTime() - start) / 1e9);
        } while (System.nanoTime() < end);
        return best;
    }

    /** Judges the one-thread speed of the large product. */
    static List<String> warnings(CpuFeatures cpu, double gflops) {
        List<String> found = new ArrayList<>();
        double expected = cpu.hasAvx512() ? EXPECTED_AVX512 : cpu.hasAvx2() ? EXPECTED_AVX2 : 0;
        if (gflops < expected) {
            found.add(String.format(
                    Locale.ROOT,
                    "matrix products run at %.0f GFLOPS a thread, expected at least %.0f on a processor with %s. Check"
                            + " that nothing else uses the machine, that OPENBLAS_CORETYPE is not set to an older"
                            + " processor, or try MKL (build with -Pmkl, run with"
                            + " -Dorg.bytedeco.openblas.load=mkl_rt).",
                    gflops, expected, cpu.level()));
        }
        if (!ModuleLayer.boot().findModule("jdk.incubator.vector").isPresent()) {
            found.add(
                    "the Vector API is not there, so pointwise kernels run as plain loops, up to several times slower."
                            + " Start the JVM with --add-modules jdk.incubator.vector.");
        }
        return List.copyOf(found);
    }
}
