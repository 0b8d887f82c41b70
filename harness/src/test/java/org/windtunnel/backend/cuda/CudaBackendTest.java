package org.windtunnel.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.windtunnel.backend.AttentionKernels.AttentionShape;
import org.windtunnel.backend.OutOfMemory;
import org.windtunnel.backend.SoftTargets;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

/** What the comparison of backends does not reach: precisions, several tiles, many ids, bad input, memory. */
class CudaBackendTest {
    private static final int SIZE = 40;

    private EmulatedDevice device;
    private CudaBackend backend;
    private Arena arena;

    @BeforeEach
    void open() {
        device = new EmulatedDevice();
        backend = new CudaBackend(device, Operands.FP32);
        arena = Arena.of(backend::allocate, DType.FLOAT32);
    }

    @AfterEach
    void close() {
        if (backend != null) {
            arena.close();
            backend.close();
        }
    }

    private static float[] random(String stream, int count) {
        Rng rng = new Rng(1, Rng.stream(stream));
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) rng.gaussian(i);
        }
        return values;
    }

    private Tensor of(float[] values, int... shape) {
        Tensor t = arena.take(shape);
        t.set(values);
        return t;
    }

    /** Root-mean-square deviation of a product from fp32, relative to it. */
    private double deviation(Operands operands) {
        float[] a = random("a", SIZE * SIZE);
        float[] b = random("b", SIZE * SIZE);
        float[] exact = product(backend, arena, a, b);
        double difference = 0;
        double size = 0;
        try (CudaBackend other = new CudaBackend(new EmulatedDevice(), operands);
                Arena memory = Arena.of(other::allocate, DType.FLOAT32)) {
            float[] rounded = product(other, memory, a, b);
            for (int i = 0; i < exact.length; i++) {
                difference += Math.pow(rounded[i] - exact[i], 2);
                size += Math.pow(exact[i], 2);
            }
        }
        return Math.sqrt(difference / size);
    }

    private static float[] product(CudaBackend backend, Arena arena, float[] a, float[] b) {
        Tensor left = arena.take(SIZE, SIZE);
        Tensor right = arena.take(SIZE, SIZE);
        Tensor out = arena.take(SIZE - 1, SIZE - 2);
        left.set(a);
        right.set(b);
        backend.gemm(false, true, SIZE - 1, SIZE - 2, SIZE, 1, left, SIZE, right, SIZE, 0, out, SIZE - 2);
        return out.toFloats();
    }

    /** Rounding to 8 and 11 significant bits, in both operands. */
    @Test
    void operandsAreRoundedAsAsked() {
        assertThat(deviation(Operands.BF16)).isBetween(5e-4, 5e-3);
        assertThat(deviation(Operands.TF32)).isBetween(5e-5, 6e-4);
    }

    @Test
    void bf16KeepsInfinitiesAndNaN() {
        try (CudaBackend bf16 = new CudaBackend(new EmulatedDevice(), Operands.BF16);
                Arena memory = Arena.of(bf16::allocate, DType.FLOAT32)) {
            Tensor x = memory.take(3);
            Tensor one = memory.take(1);
            Tensor out = memory.take(3);
            x.set(Float.NaN, Float.POSITIVE_INFINITY, 1 + 1f / 256);
            one.set(1f);
            bf16.gemm(false, false, 3, 1, 1, 1, x, 1, one, 1, 0, out, 1);
            // 1 + 2^-8 lies in the middle of two bf16 numbers and goes to the even one.
            assertThat(out.toFloats()).containsExactly(Float.NaN, Float.POSITIVE_INFINITY, 1f);
        }
    }

    /** Whatever is rounded once for several products, or several elements at a time, and wherever rows begin. */
    @Test
    void productsOfRoundedNumbersAreExactlyThat() {
        for (int[] shape : new int[][] {{5, 3, 7}, {16, 24, 8}, {33, 40, 17}, {1, 1, 1}}) {
            for (int offset : new int[] {0, 1, 4}) {
                requireRounding(shape[0], shape[1], shape[2], offset);
            }
        }
    }

    private static void requireRounding(int rows, int in, int out, int offset) {
        try (CudaBackend bf16 = new CudaBackend(new EmulatedDevice(), Operands.BF16);
                CudaBackend fp32 = new CudaBackend(new EmulatedDevice(), Operands.FP32);
                Arena memory = Arena.of(bf16::allocate, DType.FLOAT32);
                Arena others = Arena.of(fp32::allocate, DType.FLOAT32)) {
            float[][] gradients = linearBackward(bf16, memory, rows, in, out, offset, false);
            assertThat(linearBackward(fp32, others, rows, in, out, offset, true)).isEqualTo(gradients);
        }
    }

    /** Operands that lie apart and operands that do not, in one launch each. */
    @Test
    void aBatchIsRoundedAsItsMatricesAre() {
        int m = 5;
        int n = 9;
        int k = 11;
        int batch = 3;
        int apart = m * k + 6;
        try (CudaBackend bf16 = new CudaBackend(new EmulatedDevice(), Operands.BF16);
                Arena memory = Arena.of(bf16::allocate, DType.FLOAT32)) {
            Tensor a = filled(memory, "a", batch * apart, 1, false);
            Tensor b = filled(memory, "b", batch * n * k, 0, false);
            Tensor together = memory.take(batch, m, n);
            Tensor single = memory.take(batch, m, n);
            bf16.gemmStridedBatched(false, true, m, n, k, 0.5, a, k, apart, b, k, (long) n * k, 0, together, n,
                    (long) m * n, batch);
            for (int i = 0; i < batch; i++) {
                bf16.gemm(false, true, m, n, k, 0.5, a.slice((long) i * apart, m, k), k, b.slice((long) i * n * k, n, k),
                        k, 0, single.slice((long) i * m * n, m, n), n);
            }
            assertThat(together.toFloats()).isEqualTo(single.toFloats());
        }
    }

    /** dW and dx; of numbers that are rounded before, if asked. */
    private static float[][] linearBackward(
            CudaBackend on, Arena memory, int rows, int in, int out, int offset, boolean round) {
        Tensor x = filled(memory, "x", rows * in, offset, round);
        Tensor w = filled(memory, "w", out * in, offset, round);
        Tensor dy = filled(memory, "dy", rows * out, offset, round);
        Tensor dx = memory.take(rows, in);
        Tensor dw = memory.take(out, in);
        on.linearBackward(rows, in, out, 0.5, x, w, dy, out, dx, dw, false);
        return new float[][] {dw.toFloats(), dx.toFloats()};
    }

    private static Tensor filled(Arena memory, String stream, int count, int offset, boolean round) {
        float[] values = random(stream, count);
        for (int i = 0; round && i < count; i++) {
            int bits = Float.floatToIntBits(values[i]);
            values[i] = Float.intBitsToFloat(bits + 0x7fff + (bits >> 16 & 1) & 0xffff0000);
        }
        Tensor x = memory.take(count + offset).slice(offset, count);
        x.set(values);
        return x;
    }

    /** Three tiles of keys, of which the last is not full, on a card whose blocks have little memory. */
    @Test
    void attentionOverSeveralTilesDoesNotDependOnTheirSize() {
        AttentionShape shape = new AttentionShape(1, 150, 2, 1, 50);
        float[][] large = attention(backend, shape);
        try (CudaBackend small = new CudaBackend(new EmulatedDevice(48 << 10, false), Operands.FP32)) {
            float[][] again = attention(small, shape);
            for (int i = 0; i < large.length; i++) {
                assertThat(again[i]).containsExactly(large[i], within(2e-5f));
            }
        }
    }

    /** out, dq, dk, dv. */
    private static float[][] attention(CudaBackend on, AttentionShape s) {
        try (Arena memory = Arena.of(on::allocate, DType.FLOAT32)) {
            int qWidth = s.heads() * s.headDim();
            int kvWidth = s.kvHeads() * s.headDim();
            Tensor q = memory.take(s.rows(), qWidth);
            Tensor k = memory.take(s.rows(), kvWidth);
            Tensor v = memory.take(s.rows(), kvWidth);
            Tensor dOut = memory.take(s.rows(), qWidth);
            q.set(random("q", s.rows() * qWidth));
            k.set(random("k", s.rows() * kvWidth));
            v.set(random("v", s.rows() * kvWidth));
            dOut.set(random("dOut", s.rows() * qWidth));
            Tensor out = memory.take(s.rows(), qWidth);
            Tensor saved = memory.take((int) on.attentionSavedSize(s));
            on.attentionForward(s, q, qWidth, k, kvWidth, v, kvWidth, 0.2, out, qWidth, saved);
            Tensor dq = memory.take(s.rows(), qWidth);
            Tensor dk = memory.take(s.rows(), kvWidth);
            Tensor dv = memory.take(s.rows(), kvWidth);
            on.attentionBackward(s, q, qWidth, k, kvWidth, v, kvWidth, 0.2, out, dOut, qWidth, saved, dq, qWidth, dk,
                    kvWidth, dv, kvWidth);
            return new float[][] {out.toFloats(), dq.toFloats(), dk.toFloats(), dv.toFloats()};
        }
    }

    /** A batch that the gradient of the table takes in several chunks, each in several passes. */
    @Test
    void embeddingGradientOfAManyRowBatch() {
        int rows = 4600;
        int vocabulary = 7;
        int width = 3;
        Rng rng = new Rng(2, 0);
        int[] ids = new int[rows];
        float[] gradient = random("gradient", rows * width);
        double[] expected = new double[vocabulary * width];
        for (int i = 0; i < rows; i++) {
            ids[i] = (int) rng.below(i, vocabulary);
            for (int c = 0; c < width; c++) {
                expected[ids[i] * width + c] += gradient[i * width + c];
            }
        }
        Tensor tIds = arena.take(DType.INT32, rows);
        tIds.set(ids);
        Tensor table = arena.take(vocabulary, width);
        backend.fill(table, Double.NaN);
        backend.embeddingBackward(tIds, rows, of(gradient, rows, width), 1, table, false, null, false);
        assertThat(table.toDoubles()).containsExactly(expected, within(2e-4));
    }

    /** A vocabulary whose rows take a block each. */
    @Test
    void crossEntropyOfAWideRow() {
        int width = 1500;
        float[] logits = random("logits", width);
        double sum = 0;
        for (float x : logits) {
            sum += Math.exp(x);
        }
        Tensor targets = arena.take(DType.INT32, 1);
        targets.set(1234);
        Tensor x = of(logits, 1, width);
        double[] sums = new double[3];
        backend.crossEntropy(x, targets, 0, 1, x, sums);
        assertThat(sums[0]).isCloseTo(Math.log(sum) - logits[1234], within(1e-5));
        assertThat(x.toFloats()[1234]).isCloseTo((float) (Math.exp(logits[1234]) / sum - 1), within(1e-6f));
        assertThat(x.toFloats()[7]).isCloseTo((float) (Math.exp(logits[7]) / sum), within(1e-7f));
    }

    @Test
    void softTargetsOfAWideRow() {
        int width = 1500;
        float[] logits = random("logits", width);
        double sum = 0;
        double mean = 0;
        for (float x : logits) {
            sum += Math.exp(x);
            mean += x / (double) width;
        }
        Tensor first = arena.take(DType.INT32, 1);
        Tensor second = arena.take(DType.INT32, 1);
        first.set(1234);
        second.set(7);
        Tensor x = of(logits, 1, width);
        double[] sums = new double[3];
        backend.softCrossEntropy(x, first, new SoftTargets(0.1, second, of(new float[] {0.25f}, 1)), 0, 1, sums);
        double wanted = 0.9 * (0.75 * logits[1234] + 0.25 * logits[7]) + 0.1 * mean;
        assertThat(sums[0]).isCloseTo(Math.log(sum) - wanted, within(1e-5));
        double[] targets = {0.9 * 0.75 + 0.1 / width, 0.9 * 0.25 + 0.1 / width, 0.1 / width};
        int[] classes = {1234, 7, 700};
        for (int i = 0; i < classes.length; i++) {
            double expected = Math.exp(logits[classes[i]]) / sum - targets[i];
            assertThat(x.toFloats()[classes[i]]).isCloseTo((float) expected, within(1e-6f));
        }
    }

    @Test
    void badIdsAreReportedWithTheLossAndOnce() {
        Tensor ids = arena.take(DType.INT32, 2);
        Tensor logits = of(random("logits", 6), 2, 3);
        double[] sums = new double[3];
        ids.set(1, 3);
        assertThatThrownBy(() -> backend.crossEntropy(logits, ids, 0, 1, null, sums))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("found id 3");
        ids.set(1, 2);
        backend.crossEntropy(logits, ids, 0, 1, null, sums);
        assertThat(sums[2]).isEqualTo(2);
        ids.set(-5, 2);
        backend.embeddingForward(ids, 2, of(new float[6], 3, 2), null, 1, arena.take(2, 2));
        ids.set(0, 2);
        assertThatThrownBy(() -> backend.squaredError(logits, ids, 1, null, sums))
                .hasMessageContaining("a negative token id");
    }

    @Test
    void transfersLongerThanTheStagingMemory() {
        float[] values = random("values", 5000);
        Tensor x = arena.take(5003).slice(3, 5000);
        x.set(values);
        assertThat(x.toFloats()).isEqualTo(values);
        int[] numbers = {1, -2, 3};
        Tensor ints = arena.take(DType.INT32, 3);
        ints.set(numbers);
        assertThat(ints.toInts()).isEqualTo(numbers);
    }

    @Test
    void memoryIsZeroTakenInLargePiecesAndGivenBack() {
        assertThat(arena.take(1000).toFloats()).containsOnly(0f);
        long before = device.freeBytes();
        try (Arena more = Arena.of(backend::allocate, DType.FLOAT32)) {
            for (int i = 0; i < 100; i++) {
                more.take(100);
            }
            assertThat(device.freeBytes()).isEqualTo(before);
            more.take(20 << 20);
            assertThat(device.freeBytes()).isLessThan(before);
            assertThatThrownBy(() -> more.take(1 << 29)).isInstanceOf(OutOfMemory.class).hasMessageContaining("emulated");
        }
        assertThat(device.freeBytes()).isEqualTo(before);
    }

    @Test
    void aReservationIsOneAllocation() {
        try (EmulatedDevice card = new EmulatedDevice();
                DeviceMemory memory = new DeviceMemory(card)) {
            memory.reserve(1 << 20);
            long[] parts = new long[16];
            for (int i = 0; i < parts.length; i++) {
                parts[i] = memory.allocate((1 << 16) - 5);
                assertThat(parts[i] % DeviceMemory.ALIGNMENT).isZero();
            }
            assertThat(memory.slabs()).isEqualTo(1);
            memory.free(parts[3], (1 << 16) - 5);
            memory.free(parts[5], (1 << 16) - 5);
            memory.free(parts[4], (1 << 16) - 5);
            assertThat(memory.allocate(3 << 16)).isEqualTo(parts[3]);
            assertThat(memory.slabs()).isEqualTo(1);
        }
    }

    @Test
    void headsThatDoNotFitAreRefused() {
        AttentionShape shape = new AttentionShape(1, 2, 1, 1, 257);
        assertThatThrownBy(() -> attention(backend, shape)).hasMessageContaining("at most 256").hasMessageContaining("257");
    }

    @Test
    void anEmulatedKernelThatBreaksTheRulesIsCaught() {
        Calls calls = new Calls(device);
        assertThatThrownBy(() -> calls.to("scale").address(0).int64(1).grid(1, 1, 1))
                .isInstanceOf(DeviceException.class)
                .hasMessageContaining("scale: the arguments");
        assertThatThrownBy(() -> calls.to("no_such_kernel")).hasMessageContaining("no_such_kernel");
    }
}
