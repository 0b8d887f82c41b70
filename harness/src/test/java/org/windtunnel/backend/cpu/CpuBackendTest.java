package org.windtunnel.backend.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.windtunnel.AllocationProbe;
import org.windtunnel.backend.OutOfMemory;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

/** What the cpu backend promises beyond correct kernels: bits, memory, errors. */
class CpuBackendTest {
    private static final com.sun.management.ThreadMXBean THREADS =
            (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(30);

    private static Map<String, List<float[]>> outputs(CpuBackend backend) {
        Map<String, List<float[]>> all = new LinkedHashMap<>();
        try (backend;
                KernelRuns runs = new KernelRuns(backend)) {
            runs.all().forEach((name, run) -> {
                run.call().run();
                all.put(name, KernelRuns.written(run));
            });
        }
        return all;
    }

    private static int[] bits(float[] x) {
        int[] b = new int[x.length];
        Arrays.setAll(b, i -> Float.floatToRawIntBits(x[i]));
        return b;
    }

    @Test
    void anyNumberOfThreadsGivesTheSameBits() {
        Map<String, List<float[]>> one = outputs(new CpuBackend(1));
        for (int threads : new int[] {2, 3}) {
            Map<String, List<float[]>> many = outputs(new CpuBackend(threads));
            one.forEach((name, expected) -> {
                for (int i = 0; i < expected.size(); i++) {
                    assertThat(Arrays.mismatch(bits(many.get(name).get(i)), bits(expected.get(i))))
                            .as("first differing bit pattern of %s, output %d, %d threads against 1", name, i, threads)
                            .isEqualTo(-1);
                }
            });
        }
    }

    @Test
    void plainLoopsAgreeWithVectors() {
        Map<String, List<float[]>> vector = outputs(new CpuBackend(1));
        Map<String, List<float[]>> plain = outputs(new CpuBackend(2, new Lanes()));
        vector.forEach((name, expected) -> {
            int outputs = expected.size() - 3;
            for (int i = 0; i < outputs; i++) {
                float[] x = expected.get(i);
                float[] y = plain.get(name).get(i);
                double norm = 0;
                double difference = 0;
                for (int k = 0; k < x.length; k++) {
                    norm += (double) x[k] * x[k];
                    difference += ((double) x[k] - y[k]) * ((double) x[k] - y[k]);
                }
                assertThat(Math.sqrt(difference / norm)).as("%s, output %d", name, i).isLessThan(2e-6);
            }
        });
    }

    /** In a process of its own, as runs are: what the compiler makes of vector loops depends on what else has run. */
    @Test
    void kernelsDoNotAllocateAfterTheirFirstCalls() throws IOException, InterruptedException {
        AllocationProbe.Outcome outcome = AllocationProbe.process(KernelAllocation.class);
        assertThat(outcome.status()).as(outcome.output()).isZero();
    }

    /**
     * With the threads of BLAS at work, the process would use about twice the caller's time or more. The compiler's
     * threads count as well, so one quiet attempt is waited for.
     */
    @Test
    void blasComputesInTheCallersThread() {
        Assumptions.assumeTrue(
                Runtime.getRuntime().availableProcessors() > 1, "one processor: BLAS has no second thread to use");
        var system = (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        try (CpuBackend backend = new CpuBackend(1)) {
            assertThat(backend.describe()).containsKey("blas");
            int n = 512;
            Tensor a = tensor(backend, n * n, 1e-3f);
            Tensor c = tensor(backend, n * n, 0);
            double least = Double.MAX_VALUE;
            long start = System.nanoTime();
            while (least > 1.5 && System.nanoTime() - start < PATIENCE_NANOS) {
                long process = system.getProcessCpuTime();
                long thread = THREADS.getCurrentThreadCpuTime();
                for (int i = 0; i < 40; i++) {
                    backend.gemm(false, false, n, n, n, 1, a, n, a, n, 0, c, n);
                }
                double own = THREADS.getCurrentThreadCpuTime() - thread;
                least = Math.min(least, (system.getProcessCpuTime() - process) / own);
            }
            assertThat(least).as("CPU time of the process by that of the caller").isLessThan(1.5);
        }
    }

    @Test
    void aProductOverwritesNaNWhenBetaIsZeroAndHandlesEmptyDepth() {
        try (CpuBackend backend = new CpuBackend(2)) {
            for (int n : new int[] {1, 5, 64, 150}) {
                Tensor a = tensor(backend, n * n, 1);
                Tensor c = tensor(backend, n * n, Float.NaN);
                backend.gemm(false, false, n, n, n, 1, a, n, a, n, 0, c, n);
                assertThat(c.toFloats()).containsOnly((float) n);
                backend.gemm(false, false, n, n, 0, 1, a, n, a, n, 1, c, n);
                assertThat(c.toFloats()).containsOnly((float) n);
            }
        }
    }

    /** Long sums are cut into slabs, large ones into strips: both against loops in double precision. */
    @Test
    void cutProductsMatchPlainLoops() {
        Rng rng = new Rng(3, 0);
        try (CpuBackend backend = new CpuBackend(2)) {
            for (int[] shape : new int[][] {{67, 131, 2051}, {131, 67, 1030}, {1031, 70, 65}, {65, 1031, 70}}) {
                int m = shape[0];
                int n = shape[1];
                int k = shape[2];
                Tensor a = tensor(backend, k * m, 0);
                Tensor b = tensor(backend, k * n, 0);
                float[] av = new float[k * m];
                float[] bv = new float[k * n];
                fill(av, rng, 0);
                fill(bv, rng, av.length);
                a.set(av);
                b.set(bv);
                Tensor c = tensor(backend, m * (n + 1), 2);
                backend.gemm(true, false, m, n, k, 0.5, a, m, b, n, 0.25, c, n + 1);
                float[] found = c.toFloats();
                for (int i = 0; i < m; i++) {
                    for (int j = 0; j < n; j++) {
                        double sum = 0;
                        for (int l = 0; l < k; l++) {
                            sum += (double) av[l * m + i] * bv[l * n + j];
                        }
                        assertThat((double) found[i * (n + 1) + j]).isCloseTo(0.5 * sum + 0.5, within(2e-4));
                    }
                    assertThat(found[i * (n + 1) + n]).as("the gap between rows").isEqualTo(2f);
                }
            }
        }
    }

    private static void fill(float[] x, Rng rng, long from) {
        for (int i = 0; i < x.length; i++) {
            x[i] = (float) rng.gaussian(from + i);
        }
    }

    @Test
    void wrongShapesAreRefusedBeforeMemoryIsTouched() {
        try (CpuBackend backend = new CpuBackend(1)) {
            Tensor a = tensor(backend, 12, 1);
            assertThatThrownBy(() -> backend.gemm(false, false, 4, 4, 3, 1, a, 3, a, 4, 0, a, 4))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("4x4 matrix");
            assertThatThrownBy(() -> backend.gemm(false, false, 3, 4, 3, 1, a, 2, a, 4, 0, a, 4))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("row distance");
            assertThatThrownBy(() -> backend.axpy(1, a, tensor(backend, 11, 1)))
                    .isInstanceOf(IllegalArgumentException.class);
            Tensor ids = new Tensor(backend.allocate(DType.INT32, 2), 0, 2);
            ids.set(1, 3);
            assertThatThrownBy(() -> backend.embeddingForward(ids, 2, a.reshape(3, 4), null, 1, tensor(backend, 8, 0)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("token id 3");
            assertThatThrownBy(() -> backend.allocate(DType.FLOAT32, 1L << 33)).isInstanceOf(OutOfMemory.class);
        }
    }

    @Test
    void divergenceStaysVisible() {
        try (CpuBackend backend = new CpuBackend(1)) {
            Tensor logits = tensor(backend, 40, 1);
            logits.slice(21, 1).set(Float.NaN);
            Tensor targets = new Tensor(backend.allocate(DType.INT32, 2), 0, 2);
            targets.set(0, 3);
            double[] sums = new double[3];
            backend.crossEntropy(logits.reshape(2, 20), targets, 0, 1, null, sums);
            assertThat(sums[0]).isNaN();
            assertThat(backend.sumOfSquares(logits)).isNaN();
        }
    }

    @Test
    void sumOfSquaresIsExactToDoublePrecision() {
        try (CpuBackend backend = new CpuBackend(2)) {
            Tensor x = tensor(backend, 1_000_003, 1e-3f);
            assertThat(backend.sumOfSquares(x)).isCloseTo(1_000_003 * (double) 1e-3f * 1e-3f, within(1e-9));
        }
    }

    private static Tensor tensor(CpuBackend backend, int n, float value) {
        Tensor x = new Tensor(backend.allocate(DType.FLOAT32, n), 0, n);
        backend.fill(x, value);
        return x;
    }
}
