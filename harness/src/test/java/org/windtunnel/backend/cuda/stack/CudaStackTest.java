package org.windtunnel.backend.cuda.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.windtunnel.backend.AttentionKernels;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.ImageKernels.WindowShape;
import org.windtunnel.backend.OutOfMemory;
import org.windtunnel.backend.RepeatedWork;
import org.windtunnel.backend.cuda.DeviceException;
import org.windtunnel.backend.cuda.EmulatedDevice;
import org.windtunnel.backend.cuda.Operands;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

class CudaStackTest {
    private static final int RUNS = 3;
    private static final int TIMES = 5;

    private final EmulatedDevice device = new EmulatedDevice();
    private final ExecutorService threads = Executors.newFixedThreadPool(RUNS);

    @AfterEach
    void close() {
        threads.shutdown();
    }

    /** What a run does with its backend. */
    private interface Run {
        float[] results(int run, Backend backend, Arena arena);
    }

    private static float[] of(Run work, int run, Backend opened) {
        try (Backend backend = opened;
                Arena arena = Arena.of(backend::allocate, DType.FLOAT32)) {
            return work.results(run, backend, arena);
        }
    }

    private List<float[]> stacked(Run work) throws Exception {
        return stacked(work, Operands.FP32);
    }

    private List<float[]> stacked(Run work, Operands operands) throws Exception {
        try (CudaStack stack = CudaStack.open(device, operands, RUNS, backend -> {
            try (Arena arena = Arena.of(backend::allocate, DType.FLOAT32)) {
                work.results(0, backend, arena);
            }
        })) {
            assertThat(stack.size()).isEqualTo(RUNS);
            List<Future<float[]>> running = new ArrayList<>();
            for (int i = 0; i < RUNS; i++) {
                int run = i;
                running.add(threads.submit(() -> of(work, run, stack.open(run))));
            }
            List<float[]> results = new ArrayList<>();
            for (Future<float[]> one : running) {
                results.add(one.get());
            }
            return results;
        }
    }

    private static Tensor filled(Arena arena, int run, int... shape) {
        Tensor x = arena.take(shape);
        float[] values = new float[x.intSize()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Math.sin(1 + i * 0.7 + run);
        }
        x.set(values);
        return x;
    }

    /** Kernels, products one and many, a copy and zeros, with null pointers and memory between kernels. */
    private static float[] mixed(int run, Backend backend, Arena arena) {
        int rows = 12;
        int width = 5;
        Tensor x = filled(arena, run, rows, width);
        Tensor w = filled(arena, run + 7, width, width);
        Tensor y = arena.take(rows, width);
        Tensor square = arena.take(6, width, width);
        Tensor sums = arena.take(width);
        Tensor table = filled(arena, run + 3, 4, width);
        Tensor ids = arena.take(DType.INT32, rows);
        ids.set(0, 1, 2, 3, run, 1, 2, 3, 0, 0, run, 2);
        try (RepeatedWork work = backend.repeated("the test", () -> {
            backend.gemm(false, true, rows, width, width, 0.5, x, width, w, width, 0, y, width);
            backend.gemmStridedBatched(true, false, width, width, 2, 1, x, width, 2L * width, y, width, 2L * width, 0.1,
                    square, width, (long) width * width, 6);
            backend.gemmStridedBatched(true, false, width, width, 6, 1, x, width, 6L * width, y, width, 6L * width, 0.1,
                    square, width, (long) width * width, 2);
            backend.activationForward(Backend.Activation.GELU_ERF, y, null, y);
            backend.columnSum(y, sums, true);
            backend.embeddingBackward(ids, rows, y, 1, table, false, null, false);
            backend.copy(y, x);
        })) {
            for (int i = 0; i < TIMES; i++) {
                work.run();
            }
        }
        float[] all = new float[x.intSize() + square.intSize() + width + table.intSize()];
        int at = 0;
        for (Tensor one : List.of(x, square, sums, table)) {
            System.arraycopy(one.toFloats(), 0, all, at, one.intSize());
            at += one.intSize();
        }
        return all;
    }

    private static float[] alone(Run work, int run, Operands operands) {
        return of(work, run, new org.windtunnel.backend.cuda.CudaBackend(new EmulatedDevice(), operands));
    }

    @Test
    void stackedRunsHaveTheBitsTheyHaveAlone() throws Exception {
        for (Operands operands : Operands.values()) {
            EmulatedDevice before = device;
            long replays = before.replays();
            List<float[]> results = new CudaStackTest().stacked(CudaStackTest::mixed, operands);
            for (int run = 0; run < RUNS; run++) {
                assertThat(results.get(run)).as("%s, run %d", operands, run)
                        .isEqualTo(alone(CudaStackTest::mixed, run, operands));
            }
            assertThat(before.replays()).isEqualTo(replays);
        }
    }

    private static float[] attention(int run, Backend backend, Arena arena) {
        AttentionKernels.AttentionShape shape = new AttentionKernels.AttentionShape(2, 9, 2, 1, 6);
        Tensor q = filled(arena, run, shape.rows(), 12);
        Tensor k = filled(arena, run + 5, shape.rows(), 6);
        Tensor out = arena.take(shape.rows(), 12);
        Tensor saved = arena.take((int) backend.attentionSavedSize(shape));
        try (RepeatedWork work = backend.repeated("the test",
                () -> backend.attentionForward(shape, q, 12, k, 6, k, 6, 0.4, out, 12, saved))) {
            for (int i = 0; i < TIMES; i++) {
                work.run();
            }
        }
        return out.toFloats();
    }

    /** Its kernels on tensor cores are loaded when a run first needs them. */
    @Test
    void attentionHasTheBitsItHasAlone() throws Exception {
        List<float[]> results = stacked(CudaStackTest::attention, Operands.BF16);
        for (int run = 0; run < RUNS; run++) {
            assertThat(results.get(run)).as("run %d", run)
                    .isEqualTo(alone(CudaStackTest::attention, run, Operands.BF16));
        }
    }

    /** Of fewer matrices than there are runs, and of more. */
    private static float[] roundedProducts(int run, Backend backend, Arena arena) {
        int width = 8;
        Tensor x = filled(arena, run, 6, width, width);
        Tensor y = arena.take(DType.BFLOAT16, 6, width, width);
        Tensor z = arena.take(DType.BFLOAT16, 2, width, width);
        try (RepeatedWork work = backend.repeated("the test", () -> {
            backend.gemmStridedBatched(false, true, width, width, width, 1, x, width, (long) width * width, x, width,
                    (long) width * width, 0, y, width, (long) width * width, 6);
            backend.gemmStridedBatched(false, true, width, width, width, 0.1, y, width, (long) width * width, x, width,
                    (long) width * width, 0, z, width, (long) width * width, 2);
            backend.gemm(false, false, width, width, width, 0.1, z, width, y, width, 0, x, width);
        })) {
            for (int i = 0; i < TIMES; i++) {
                work.run();
            }
        }
        float[] all = Arrays.copyOf(y.toFloats(), y.intSize() + z.intSize());
        System.arraycopy(z.toFloats(), 0, all, y.intSize(), z.intSize());
        return all;
    }

    @Test
    void productsInBf16HaveTheBitsTheyHaveAlone() throws Exception {
        List<float[]> results = stacked(CudaStackTest::roundedProducts, Operands.BF16);
        assertThat(device.recordings()).as("launches of all runs").isEqualTo(1);
        for (int run = 0; run < RUNS; run++) {
            assertThat(results.get(run)).as("run %d", run)
                    .isEqualTo(alone(CudaStackTest::roundedProducts, run, Operands.BF16));
        }
    }

    private static float[] convolution(int run, Backend backend, Arena arena) {
        WindowShape shape = new WindowShape(2, 6, 7, 5, 9, 3, 2, 1);
        Tensor x = filled(arena, run, 2 * shape.imageSize());
        Tensor filters = filled(arena, run + 5, 9 * 5 * 9);
        Tensor y = arena.take(2 * shape.outSize());
        Tensor dx = filled(arena, run + 3, x.intSize());
        Tensor dFilters = filled(arena, run + 1, filters.intSize());
        try (RepeatedWork work = backend.repeated("the test", () -> {
            backend.images().convolutionForward(shape, 1, x, filters, false, y);
            backend.images().convolutionBackward(shape, 0.1, x, filters, y, dx, true, dFilters, true);
            backend.axpy(0.1, dFilters, filters);
        })) {
            for (int i = 0; i < TIMES; i++) {
                work.run();
            }
        }
        float[] all = Arrays.copyOf(dx.toFloats(), dx.intSize() + filters.intSize());
        System.arraycopy(filters.toFloats(), 0, all, dx.intSize(), filters.intSize());
        return all;
    }

    @Test
    void convolutionsHaveTheBitsTheyHaveAlone() throws Exception {
        for (Operands operands : List.of(Operands.BF16, Operands.TF32)) {
            CudaStackTest stack = new CudaStackTest();
            List<float[]> results = stack.stacked(CudaStackTest::convolution, operands);
            stack.close();
            assertThat(stack.device.recordings()).as("launches of all runs").isEqualTo(1);
            for (int run = 0; run < RUNS; run++) {
                assertThat(results.get(run)).as("%s, run %d", operands, run)
                        .isEqualTo(alone(CudaStackTest::convolution, run, operands));
            }
        }
    }

    /** Every run does it once by itself, then all of them together call by call, which the device records after that. */
    @Test
    void oneReplayDoesTheWorkOfAll() throws Exception {
        stacked(CudaStackTest::mixed);
        assertThat(device.recordings()).isEqualTo(1);
        assertThat(device.replays()).isEqualTo(TIMES - 2);
    }

    /** Another number, memory elsewhere, another number of calls: the run goes on by itself, the others stacked. */
    @Test
    void aRunThatDiffersIsDoneByItself() throws Exception {
        List<Run> differing = List.of(
                (run, backend, arena) -> adding(backend, arena, run == 2 ? 3 : 2, false, 1),
                (run, backend, arena) -> adding(backend, arena, 2, run == 1, 1),
                (run, backend, arena) -> adding(backend, arena, 2, false, run == 1 ? 2 : 1));
        for (Run work : differing) {
            CudaStackTest test = new CudaStackTest();
            List<float[]> results = test.stacked(work);
            for (int run = 0; run < RUNS; run++) {
                assertThat(results.get(run)).isEqualTo(alone(work, run, Operands.FP32));
            }
            assertThat(test.device.recordings()).isBetween(2, 3);
            assertThat(test.device.replays()).isBetween(2L * (TIMES - 2), 3L * (TIMES - 2));
        }
    }

    private static float[] adding(Backend backend, Arena arena, double a, boolean swapped, int calls) {
        Tensor first = filled(arena, 0, 80);
        Tensor second = filled(arena, 1, 80);
        Tensor x = swapped ? second : first;
        Tensor y = swapped ? first : second;
        try (RepeatedWork work = backend.repeated("the test", () -> {
            for (int i = 0; i < calls; i++) {
                backend.axpy(a, x, y);
            }
        })) {
            for (int i = 0; i < TIMES; i++) {
                work.run();
            }
        }
        return y.toFloats();
    }

    /** Run 0 ends, then run 2 fails; the others are not held up, and have their results. */
    @Test
    void runsLeaveWhenTheyLike() throws Exception {
        Run work = (run, backend, arena) -> {
            Tensor x = filled(arena, run, 8);
            Tensor y = filled(arena, run, 8);
            int times = run == 0 ? 2 : run == 1 ? 9 : 6;
            try (RepeatedWork repeated = backend.repeated("the test", () -> backend.axpy(0.5, x, y))) {
                for (int i = 0; i < times; i++) {
                    repeated.run();
                    if (i == 4 && run == 2) {
                        throw new IllegalStateException("run 2 fails");
                    }
                }
            }
            return y.toFloats();
        };
        try (CudaStack stack = CudaStack.open(device, Operands.FP32, RUNS, backend -> {
            try (Arena arena = Arena.of(backend::allocate, DType.FLOAT32)) {
                work.results(0, backend, arena);
            }
        })) {
            List<Future<float[]>> running = new ArrayList<>();
            for (int i = 0; i < RUNS; i++) {
                int run = i;
                running.add(threads.submit(() -> of(work, run, stack.open(run))));
            }
            assertThat(running.get(0).get()).isEqualTo(alone(work, 0, Operands.FP32));
            assertThat(running.get(1).get()).isEqualTo(alone(work, 1, Operands.FP32));
            assertThatThrownBy(() -> running.get(2).get()).isInstanceOf(ExecutionException.class)
                    .hasMessageContaining("run 2 fails");
        }
        // One time for all three, three times for two of them, four for the last; the first of each is no replay.
        assertThat(device.replays()).isEqualTo(2 + 3);
    }

    @Test
    void aCardThatRecordsNothingHasTheStackedCallsMade() throws Exception {
        device.refuseRecordings();
        List<float[]> results = stacked(CudaStackTest::mixed);
        for (int run = 0; run < RUNS; run++) {
            assertThat(results.get(run)).isEqualTo(alone(CudaStackTest::mixed, run, Operands.FP32));
        }
        assertThat(device.replays()).isZero();
    }

    @Test
    void whatTheDeviceRefusesIsToldToEveryRun() throws Exception {
        Run work = (run, backend, arena) -> {
            Tensor x = filled(arena, run, 8);
            try (RepeatedWork repeated = backend.repeated("the test", () -> backend.scale(2, x))) {
                repeated.run();
                repeated.run();
                if (run == 1) {
                    device.failReplays();
                }
                repeated.run();
            }
            return x.toFloats();
        };
        try (CudaStack stack = CudaStack.open(
                device, Operands.FP32, RUNS, backend -> backend.allocate(DType.FLOAT32, 99).close())) {
            List<Future<float[]>> running = new ArrayList<>();
            for (int i = 0; i < RUNS; i++) {
                int run = i;
                running.add(threads.submit(() -> of(work, run, stack.open(run))));
            }
            for (Future<float[]> one : running) {
                assertThatThrownBy(one::get)
                        .hasCauseInstanceOf(DeviceException.class)
                        .hasMessageContaining("the card fell off");
            }
        }
    }

    /** 1 GiB of card, of which a 32nd is left alone. */
    @Test
    void asManyRunsAsFit() {
        try (CudaStack stack = CudaStack.open(device, Operands.FP32, 10,
                backend -> backend.allocate(DType.FLOAT32, 60 << 20).close())) {
            assertThat(stack.size()).isEqualTo(4);
        }
        EmulatedDevice small = new EmulatedDevice();
        assertThatThrownBy(() -> CudaStack.open(small, Operands.FP32, 10,
                        backend -> backend.allocate(DType.FLOAT32, 300 << 20).close()))
                .isInstanceOf(OutOfMemory.class)
                .hasMessageContaining("a run needs 1200 MiB of the GPU, found 1024 MiB free");
    }
}
