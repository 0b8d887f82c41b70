package org.windtunnel.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.windtunnel.backend.AttentionKernels.AttentionShape;
import org.windtunnel.backend.BranchSum;
import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.backend.StreamGradient;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

/** Kernels that write bf16 write what those in fp32 write, rounded, and those that read it read it exactly. */
class RoundedTensorsTest {
    private final CudaBackend backend = new CudaBackend(new EmulatedDevice(), Operands.BF16);
    private final Arena arena = Arena.of(backend::allocate, backend.storagePolicy());
    private int offset;

    @AfterEach
    void close() {
        arena.close();
        backend.close();
    }

    private static float round(float x) {
        return DType.ofBfloat16(DType.toBfloat16(x));
    }

    private static float[] round(float[] values) {
        float[] rounded = new float[values.length];
        for (int i = 0; i < rounded.length; i++) {
            rounded[i] = round(values[i]);
        }
        return rounded;
    }

    /** NaN, so many elements into memory of their own. */
    private Tensor garbage(DType type, int... shape) {
        Tensor whole = arena.take(type, Math.toIntExact(Tensor.sizeOf(shape)) + offset);
        backend.fill(whole, Double.NaN);
        return whole.slice(offset, shape);
    }

    private Tensor random(String stream, int... shape) {
        Tensor x = garbage(DType.FLOAT32, shape);
        Rng rng = new Rng(3, Rng.stream(stream));
        float[] values = new float[x.intSize()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) rng.gaussian(i);
        }
        x.set(values);
        return x;
    }

    /** The same numbers in both types. */
    private Tensor rounded(DType type, String stream, int... shape) {
        Tensor x = garbage(type, shape);
        x.set(round(random(stream, shape).toFloats()));
        return x;
    }

    /** What a kernel puts out in both types; numbers that are no tensor of that type are the same. */
    private void requireRounded(Function<DType, Map<String, Tensor>> kernel) {
        Map<String, Tensor> exact = kernel.apply(DType.FLOAT32);
        kernel.apply(DType.BFLOAT16).forEach((name, found) -> {
            boolean rounds = found.storage().dtype() == DType.BFLOAT16;
            float[] expected = exact.get(name).toFloats();
            assertThat(found.toFloats()).as(name).isEqualTo(rounds ? round(expected) : expected);
        });
    }

    /** Rows that 16 bytes hold and such that they don't, aligned or not; more than a warp or a block has at once. */
    @ParameterizedTest
    @CsvSource({"5, 264, 0", "5, 264, 4", "5, 263, 0", "3, 16, 8", "67, 136, 0", "131, 20, 1"})
    void layersRoundWhatTheyPutOut(int rows, int width, int skip) {
        offset = skip;
        requireRounded(type -> norms(type, rows, width));
        for (Activation kind : Activation.values()) {
            requireRounded(type -> activation(type, kind, rows, width));
        }
        requireRounded(type -> gated(type, rows, width));
        requireRounded(type -> losses(type, rows, width));
    }

    private Map<String, Tensor> norms(DType type, int rows, int width) {
        Tensor x = random("x", rows, width);
        Tensor gain = random("gain", width);
        Tensor stats = garbage(DType.FLOAT32, rows, 2);
        Map<String, Tensor> found = new LinkedHashMap<>();
        for (boolean biased : new boolean[] {false, true}) {
            Tensor y = garbage(type, rows, width);
            backend.layerNormForward(x, gain, biased ? random("bias", width) : null, 1e-5, y, stats);
            found.put("layer norm " + biased, y);
        }
        for (boolean biased : new boolean[] {false, true}) {
            Tensor stream = garbage(DType.FLOAT32, rows, width);
            Tensor y = garbage(type, rows, width);
            Tensor again = garbage(type, rows, width);
            Tensor branchBias = biased ? random("branch bias", width) : null;
            BranchSum sum = new BranchSum(x, random("branch", rows, width), branchBias, stream);
            backend.addLayerNormForward(sum, gain, branchBias, 1e-5, y, stats);
            backend.layerNormForward(stream, gain, branchBias, 1e-5, again, stats);
            found.put("stream " + biased, stream);
            found.put("layer norm of a sum " + biased, y);
            assertThat(y.toFloats()).isEqualTo(again.toFloats());
            Tensor rms = garbage(type, rows, width);
            backend.addRmsNormForward(sum, gain, 1e-5, rms, stats);
            backend.rmsNormForward(rows, 1, width, stream, width, gain, 1e-5, again, width, stats);
            found.put("rms norm of a sum " + biased, rms);
            assertThat(rms.toFloats()).isEqualTo(again.toFloats());
        }
        Tensor rstd = garbage(DType.FLOAT32, rows);
        Tensor y = garbage(type, rows, width);
        backend.rmsNormForward(rows, 1, width, x, width, gain, 1e-5, y, width, rstd);
        found.put("rms norm", y);
        Tensor dx = garbage(type, rows, width);
        Tensor dGain = garbage(DType.FLOAT32, width);
        backend.rmsNormBackward(rows, 1, width, x, width, gain, rstd, random("dy", rows, width), width, dx, false,
                dGain, false);
        found.put("rms norm dx", dx);
        found.put("gain", dGain);
        return found;
    }

    /** The stream's gradient is what it is without a rounded one, which is that rounded. */
    @ParameterizedTest
    @CsvSource({"5, 264, 0", "67, 37, 1"})
    void normsRoundTheStreamsGradientOnTheWay(int rows, int width, int skip) {
        offset = skip;
        Tensor x = random("x", rows, width);
        Tensor gain = random("gain", width);
        Tensor dy = random("dy", rows, width);
        Tensor stats = garbage(DType.FLOAT32, rows, 2);
        Tensor rstd = garbage(DType.FLOAT32, rows);
        Tensor dGain = garbage(DType.FLOAT32, width);
        backend.layerNormForward(x, gain, null, 1e-5, garbage(DType.FLOAT32, rows, width), stats);
        backend.rmsNormForward(rows, 1, width, x, width, gain, 1e-5, garbage(DType.FLOAT32, rows, width), width, rstd);
        for (boolean add : new boolean[] {false, true}) {
            Tensor expected = random("stream", rows, width);
            StreamGradient d =
                    new StreamGradient(random("stream", rows, width), garbage(DType.BFLOAT16, rows, width));
            backend.layerNormBackward(x, gain, stats, dy, expected, add, dGain, null, false);
            backend.layerNormBackward(x, gain, stats, dy, d, add, dGain, null, false);
            assertThat(d.exact().toFloats()).isEqualTo(expected.toFloats());
            assertThat(d.rounded().toFloats()).isEqualTo(round(expected.toFloats()));
            backend.rmsNormBackward(
                    rows, 1, width, x, width, gain, rstd, dy, width, expected, add, dGain, false);
            backend.rmsNormBackward(x, gain, rstd, dy, d, add, dGain, false);
            assertThat(d.exact().toFloats()).isEqualTo(expected.toFloats());
            assertThat(d.rounded().toFloats()).isEqualTo(round(expected.toFloats()));
        }
    }

    private Map<String, Tensor> activation(DType type, Activation kind, int rows, int width) {
        Tensor x = rounded(type, "x", rows, width);
        Tensor dy = rounded(type, "dy", rows, width);
        Tensor y = garbage(type, rows, width);
        Tensor plain = garbage(type, rows, width);
        Tensor dx = garbage(type, rows, width);
        Tensor apart = garbage(type, rows, width);
        Tensor dBias = random("dBias", width);
        backend.activationForward(kind, x, null, plain);
        backend.activationForward(kind, x, random("bias", width), y);
        Tensor kept = rounded(type, "kept", rows, width);
        backend.activationBackward(kind, kept, dy, apart);
        backend.activationBackward(kind, kept, dy, dx, dBias, true);
        Tensor inPlace = rounded(type, "dy", rows, width);
        backend.activationBackward(kind, kept, inPlace, inPlace, random("dBias", width), true);
        assertThat(inPlace.toFloats()).isEqualTo(dx.toFloats());
        return Map.of("plain", plain, "y", y, "x", x, "dx", dx, "apart", apart, "dBias", dBias);
    }

    private Map<String, Tensor> gated(DType type, int rows, int width) {
        Tensor before = rounded(type, "gateUp", rows, 2 * width);
        Tensor dy = rounded(type, "dy", rows, width);
        Tensor y = garbage(type, rows, width);
        Tensor d = garbage(type, rows, 2 * width);
        backend.swigluForward(before, y);
        backend.swigluBackward(before, dy, d);
        backend.swigluBackward(before, dy, before);
        assertThat(before.toFloats()).isEqualTo(d.toFloats());
        Tensor gateUp = random("gateUp", rows, 2 * width);
        Tensor turned = garbage(type, rows, 2 * width);
        int half = width / 2;
        backend.rope(rows, 7, 2, 2 * half, gateUp, 2 * width, random("cos", 7, half), random("sin", 7, half), true,
                turned, 2 * width);
        // Odd widths leave columns at the end of each row out.
        Tensor rotated = width % 2 == 0 ? turned : y;
        return Map.of("y", y, "d", d, "rotated", rotated);
    }

    /** Rows of the gradient are as far apart as it has columns. */
    private Map<String, Tensor> losses(DType type, int rows, int width) {
        Tensor targets = arena.take(DType.INT32, rows);
        int[] ids = new int[rows];
        Arrays.setAll(ids, i -> i == 1 ? -1 : i % width);
        targets.set(ids);
        Map<String, Tensor> found = new LinkedHashMap<>();
        double[] sums = new double[3];
        for (int spare : new int[] {0, 3}) {
            Tensor entropy = garbage(type, rows, width + spare);
            Tensor squared = garbage(type, rows, width + spare);
            backend.crossEntropy(random("logits", rows, width), targets, 0.1, 0.5, entropy, sums);
            backend.squaredError(random("logits", rows, width), targets, 0.5, squared, sums);
            found.put("entropy " + spare, entropy);
            found.put("squared " + spare, squared);
        }
        return found;
    }

    /** A block a row; in place, in memory of its own, and rounded. */
    @Test
    void gradientsOfWideRows() {
        requireRounded(type -> losses(type, 3, 1501));
        Tensor targets = arena.take(DType.INT32, 3);
        targets.set(3, 1500, 0);
        Tensor logits = random("logits", 3, 1501);
        Tensor apart = garbage(DType.FLOAT32, 3, 1501);
        double[] sums = new double[3];
        backend.crossEntropy(logits, targets, 0, 1, apart, sums);
        backend.crossEntropy(logits, targets, 0, 1, logits, sums);
        assertThat(logits.toFloats()).isEqualTo(apart.toFloats());
    }

    /** On tensor cores and, with heads too large for them, without; several tiles, of which the last is not full. */
    @ParameterizedTest
    @CsvSource({"70, 32, 0", "70, 32, 1", "67, 50, 0", "33, 7, 3", "20, 130, 0"})
    void attention(int time, int headDim, int skip) {
        offset = skip;
        AttentionShape s = new AttentionShape(2, time, 2, 1, headDim);
        int width = 2 * headDim;
        Tensor q = random("q", s.rows(), width);
        Tensor kv = random("kv", s.rows(), 2, headDim);
        Tensor v = kv.slice(headDim, kv.intSize() - headDim);
        Tensor saved = garbage(DType.FLOAT32, Math.toIntExact(backend.attentionSavedSize(s)));
        Tensor dOut = random("dOut", s.rows(), width);
        requireRounded(type -> {
            Tensor out = garbage(type, s.rows(), width);
            backend.attentionForward(s, q, width, kv, width, v, width, 0.3, out, width, saved);
            // The backward pass reads what the output was rounded to.
            Tensor read = garbage(type, s.rows(), width);
            read.set(round(out.toFloats()));
            Tensor dq = garbage(type, s.rows(), width);
            Tensor dk = garbage(DType.FLOAT32, s.rows(), headDim);
            Tensor dv = garbage(type, s.rows(), headDim);
            backend.attentionBackward(s, q, width, kv, width, v, width, 0.3, read, dOut, width, saved, dq, width, dk,
                    headDim, dv, headDim);
            return Map.of("out", out, "dq", dq, "dk", dk, "dv", dv);
        });
    }

    /** Operands that tensor cores read as they are, and such that have to be packed, beside others in fp32. */
    @ParameterizedTest
    @CsvSource({"16, 8, 0, 0", "16, 8, 0, 3", "9, 8, 0, 8", "16, 7, 2, 0", "24, 16, 8, 0"})
    void productsTakeThemAsTheyAre(int m, int k, int spare, int skip) {
        offset = skip;
        int n = 5;
        int lda = k + spare;
        Tensor a = random("a", 2 * m, lda);
        Tensor b = random("b", 2 * n, k);
        Tensor rounded = garbage(DType.BFLOAT16, 2 * m, lda);
        backend.copy(a, rounded);
        assertThat(rounded.toFloats()).isEqualTo(round(a.toFloats()));
        float[][] found = new float[2][];
        for (int i = 0; i < 2; i++) {
            Tensor x = i == 0 ? a : rounded;
            Tensor c = garbage(DType.FLOAT32, 4, m, n);
            Tensor first = c.slice(0, m, n);
            backend.gemm(false, true, m, n, k, 0.5, x, lda, b, k, 0, first, n);
            backend.gemm(false, true, n, m, k, 0.5, b, k, x, lda, 0, c.slice((long) m * n, n, m), m);
            backend.gemmStridedBatched(false, true, m, n, k, 1, x, lda, (long) m * lda, b, k, (long) n * k, 0,
                    c.slice(2L * m * n, 2, m, n), n, (long) m * n, 2);
            found[i] = c.toFloats();
        }
        assertThat(found[1]).isEqualTo(found[0]);
    }

    /** The product in fp32, rounded; one that adds to what is there has to do that in fp32. */
    @ParameterizedTest
    @CsvSource({"16, 8, 24, 0", "9, 7, 5, 3"})
    void productsRoundWhatTheyPutOut(int m, int k, int n, int skip) {
        offset = skip;
        Tensor a = random("a", 2 * m, k);
        Tensor b = random("b", 2 * n, k);
        Tensor x = random("x", m, n);
        requireRounded(type -> {
            Tensor c = garbage(type, m, n + 1);
            backend.gemm(false, true, m, n, k, 0.5, a, k, b, k, 0, c, n + 1);
            Tensor both = garbage(type, 2, m, n);
            backend.gemmStridedBatched(false, true, m, n, k, 1, a, k, (long) m * k, b, k, (long) n * k, 0, both, n,
                    (long) m * n, 2);
            Tensor dx = garbage(type, m, n);
            Tensor dw = garbage(DType.FLOAT32, k, n);
            backend.linearBackward(m, n, k, 0.5, x, random("w", k, n), a, k, dx, dw, false);
            return Map.of("c", c, "both", both, "dx", dx, "dw", dw);
        });
        Tensor c = garbage(DType.BFLOAT16, m, n);
        assertThatThrownBy(() -> backend.gemm(false, true, m, n, k, 1, a, k, b, k, 1, c, n))
                .hasMessageContaining("to add to in fp32");
    }

    /** Every choice of what is rounded already. */
    @ParameterizedTest
    @CsvSource({"9, 16, 8, 0", "5, 7, 24, 0", "8, 16, 11, 5"})
    void linearBackwardTakesThemAsTheyAre(int rows, int in, int out, int spare) {
        int lddy = out + spare;
        float[][] expected = null;
        for (int which = 0; which < 8; which++) {
            Tensor x = maybeRounded("x", (which & 1) != 0, rows, in);
            Tensor w = maybeRounded("w", (which & 2) != 0, out, in);
            Tensor dy = maybeRounded("dy", (which & 4) != 0, rows, lddy);
            Tensor dx = garbage(DType.FLOAT32, rows, in);
            Tensor dw = garbage(DType.FLOAT32, out, in);
            backend.linearBackward(rows, in, out, 0.5, x, w, dy, lddy, dx, dw, false);
            float[][] found = {dx.toFloats(), dw.toFloats()};
            expected = expected == null ? found : expected;
            assertThat(found).as("rounded: %d", which).isEqualTo(expected);
        }
    }

    private Tensor maybeRounded(String stream, boolean rounded, int... shape) {
        Tensor x = random(stream, shape);
        if (!rounded) {
            return x;
        }
        Tensor y = garbage(DType.BFLOAT16, shape);
        backend.copy(x, y);
        return y;
    }

    @ParameterizedTest
    @CsvSource({"0, 5000", "3, 37", "8, 16"})
    void copiesAndSums(int skip, int n) {
        offset = skip;
        Tensor x = random("x", n);
        Tensor rounded = garbage(DType.BFLOAT16, n);
        backend.copy(x, rounded);
        assertThat(rounded.toFloats()).isEqualTo(round(x.toFloats()));
        Tensor wide = garbage(DType.FLOAT32, n);
        backend.copy(rounded, wide);
        assertThat(wide.toFloats()).isEqualTo(rounded.toFloats());
        assertThat(rounded.toDoubles()).isEqualTo(wide.toDoubles());
        assertThat(backend.sumOfSquares(rounded)).isEqualTo(backend.sumOfSquares(wide));
        Tensor again = garbage(DType.BFLOAT16, n);
        backend.copy(rounded, again);
        assertThat(again.toFloats()).isEqualTo(rounded.toFloats());
        Tensor sums = garbage(DType.FLOAT32, 1);
        Tensor expected = garbage(DType.FLOAT32, 1);
        backend.columnSum(rounded.reshape(n, 1), sums, false);
        backend.columnSum(wide.reshape(n, 1), expected, false);
        assertThat(sums.toFloats()).isEqualTo(expected.toFloats());
    }

    @Test
    void theHostRoundsAsTheCardDoes() {
        Tensor x = arena.take(DType.BFLOAT16, 5);
        x.set(1 + 1f / 256, 1 + 3f / 256, Float.NaN, Float.NEGATIVE_INFINITY, 3.4e38f);
        float[] expected = {1, 1 + 4f / 256, Float.NaN, Float.NEGATIVE_INFINITY, Float.POSITIVE_INFINITY};
        assertThat(x.toFloats()).isEqualTo(expected);
        x.set(1 + 1.0 / 256, 1 + 3.0 / 256, Double.NaN, Double.NEGATIVE_INFINITY, 3.4e38);
        assertThat(x.toFloats()).isEqualTo(expected);
        x.put(0, 1 + 1.0 / 128);
        assertThat(x.item(0)).isEqualTo(1 + 1.0 / 128);
    }

    @Test
    void kernelsThatCannotTakeThemSaySo() {
        Tensor rounded = arena.take(DType.BFLOAT16, 4);
        assertThatThrownBy(() -> backend.scale(2, rounded)).hasMessageContaining("FLOAT32, found one of BFLOAT16");
        Tensor exact = arena.take(4);
        assertThatThrownBy(() -> backend.activationForward(Activation.RELU, exact, null, rounded))
                .hasMessageContaining("one type for activation_forward, found one of FLOAT32 and one of BFLOAT16");
        try (CudaBackend plain = new CudaBackend(new EmulatedDevice(), Operands.FP32);
                Arena memory = Arena.of(plain::allocate, DType.FLOAT32)) {
            Tensor operand = memory.take(DType.BFLOAT16, 4);
            Tensor other = memory.take(4);
            assertThatThrownBy(() -> plain.gemm(false, false, 2, 2, 2, 1, operand, 2, other, 2, 0, other, 2))
                    .hasMessageContaining("FLOAT32, found one of BFLOAT16");
        }
    }
}
