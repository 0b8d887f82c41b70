package org.windtunnel.backend;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.windtunnel.backend.AttentionKernels.AttentionShape;
import org.windtunnel.backend.cuda.CudaBackend;
import org.windtunnel.backend.cuda.EmulatedDevice;
import org.windtunnel.backend.cuda.Operands;
import org.windtunnel.backend.nd4j.Nd4jBackend;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

/** Attention of the GPU on tensor cores, which are emulated, against {@code nd4j} in double. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TensorAttentionTest {
    private static final double SCALE = 0.3;
    /** Multiples of the rounding unit, see {@link #withinRounding}; up to 1.8 were found. */
    static final double UNITS = 2.5;

    private final Backend oracle = new Nd4jBackend(DType.FLOAT64);

    /** One tile and less, tiles that are not full, several of them, grouped heads, every compiled width. */
    static Stream<AttentionShape> shapes() {
        return Stream.of(
                new AttentionShape(2, 5, 2, 2, 3),
                new AttentionShape(1, 1, 1, 1, 32),
                new AttentionShape(2, 70, 2, 1, 32),
                new AttentionShape(1, 150, 3, 1, 50),
                new AttentionShape(1, 193, 1, 1, 64),
                new AttentionShape(2, 67, 4, 2, 64),
                new AttentionShape(1, 131, 2, 2, 80),
                new AttentionShape(1, 65, 2, 1, 128));
    }

    static Stream<Operands> rounded() {
        return Stream.of(Operands.BF16, Operands.TF32);
    }

    /** Half the distance of a number to its neighbours, relative to it. */
    static double unit(Operands operands) {
        return operands == Operands.BF16 ? 0x1p-9 : 0x1p-11;
    }

    /** Standard normal numbers that bf16 holds, so that only what is worked out on the way rounds. */
    private static double[] exact(double[] values) {
        double[] rounded = new double[values.length];
        for (int i = 0; i < values.length; i++) {
            rounded[i] = Float.intBitsToFloat(Float.floatToIntBits((float) values[i]) + 0x8000 & 0xffff0000);
        }
        return rounded;
    }

    /** out, dq, dk, dv of packed queries, keys and values; aligned, or at the odd offset of {@link TestTensors}. */
    static Map<String, double[]> attention(Backend backend, AttentionShape s, boolean aligned) {
        Rng rng = new Rng(7, Rng.stream("attention"));
        int qWidth = s.heads() * s.headDim();
        int kvWidth = s.kvHeads() * s.headDim();
        int width = qWidth + 2 * kvWidth;
        int spare = aligned ? 1 : 0;
        try (TestTensors t = new TestTensors(backend)) {
            Tensor qkv = shifted(t, spare, exact(TestTensors.normal(rng, 0, s.rows() * width)));
            Tensor dOut = shifted(t, spare, exact(TestTensors.normal(rng, 1, s.rows() * qWidth)));
            Tensor out = shifted(t, spare, new double[s.rows() * qWidth]);
            Tensor d = shifted(t, spare, new double[s.rows() * width]);
            Tensor saved = t.garbage(Math.toIntExact(backend.attentionSavedSize(s)));
            Tensor k = from(qkv, qWidth);
            Tensor v = from(k, kvWidth);
            backend.attentionForward(s, qkv, width, k, width, v, width, SCALE, out, qWidth, saved);
            Tensor dk = from(d, qWidth);
            Tensor dv = from(dk, kvWidth);
            backend.attentionBackward(s, qkv, width, k, width, v, width, SCALE, out, dOut, qWidth, saved, d, width, dk,
                    width, dv, width);
            double[] packed = d.toDoubles();
            return Map.of(
                    "out", out.toDoubles(),
                    "dq", columns(packed, width, 0, qWidth),
                    "dk", columns(packed, width, qWidth, kvWidth),
                    "dv", columns(packed, width, qWidth + kvWidth, kvWidth));
        }
    }

    private static Tensor shifted(TestTensors t, int by, double[] values) {
        Tensor x = t.garbage(values.length + by).slice(by, values.length);
        x.set(values);
        return x;
    }

    private static Tensor from(Tensor x, int at) {
        return x.slice(at, x.intSize() - at);
    }

    private static double[] columns(double[] rows, int width, int from, int count) {
        double[] found = new double[rows.length / width * count];
        for (int i = 0; i < found.length; i++) {
            found[i] = rows[i / count * width + from + i % count];
        }
        return found;
    }

    private static Backend emulated(Operands operands) {
        return new CudaBackend(new EmulatedDevice(), operands);
    }

    /**
     * Each output is a sum of products of which one factor was rounded, so it is off by a unit of its terms' magnitudes
     * at most, and by much less where their signs differ; gradients of scores come from two such sums.
     */
    @ParameterizedTest
    @MethodSource("shapes")
    void withinRounding(AttentionShape shape) {
        Map<String, double[]> expected = attention(oracle, shape, false);
        rounded().forEach(operands -> {
            try (Backend cuda = emulated(operands)) {
                Map<String, double[]> found = attention(cuda, shape, false);
                expected.forEach((quantity, values) ->
                        assertThat(BackendComparisonTest.deviation(values, found.get(quantity)))
                                .as("%s of %s, %s", quantity, shape, operands)
                                .isLessThan(UNITS * unit(operands)));
                assertThat(BackendComparisonTest.deviation(expected.get("out"), found.get("out")))
                        .as("%s: what the kernels in fp32 would reach", shape)
                        .isGreaterThan(shape.time() == 1 ? -1 : unit(operands) / 50);
            }
        });
    }

    /** Reading four elements at once, where they lie so, changes nothing. */
    @ParameterizedTest
    @MethodSource("rounded")
    void alignedOrNotTheSameBits(Operands operands) {
        AttentionShape shape = new AttentionShape(2, 67, 4, 2, 64);
        try (Backend cuda = emulated(operands)) {
            Map<String, double[]> odd = attention(cuda, shape, false);
            attention(cuda, shape, true).forEach((quantity, values) ->
                    assertThat(values).as(quantity).isEqualTo(odd.get(quantity)));
        }
    }

    /** A missing barrier shows when the last thread of a block comes first. */
    @ParameterizedTest
    @MethodSource("rounded")
    void theSameBitsInAnyOrderOfThreads(Operands operands) {
        AttentionShape shape = new AttentionShape(1, 150, 3, 1, 50);
        try (Backend cuda = emulated(operands);
                Backend reversed = new CudaBackend(EmulatedDevice.lastThreadFirst(), operands)) {
            Map<String, double[]> first = attention(cuda, shape, true);
            attention(reversed, shape, true).forEach((quantity, values) ->
                    assertThat(values).as(quantity).isEqualTo(first.get(quantity)));
        }
    }

    /** Row distances of their own for queries, keys, values and outputs, whose gaps stay untouched. */
    @Test
    void rowsApart() {
        for (long seed : new long[] {1, 2, 3}) {
            CaseDraws r = new CaseDraws(seed, "tensor attention", true);
            KernelCase c = TokenCases.attention(r, new AttentionShape(2, r.size(), 2, 1 + r.below(2), 8 + r.below(90)));
            Map<String, double[]> expected = c.run(oracle);
            try (Backend cuda = emulated(Operands.BF16)) {
                Map<String, double[]> found = c.run(cuda);
                // Queries, keys, values and gradients round as well, and with them the scores.
                expected.forEach((quantity, values) ->
                        assertThat(BackendComparisonTest.deviation(values, found.get(quantity)))
                                .as("%s of %s", quantity, c.name())
                                .isLessThan(10 * unit(Operands.BF16)));
            }
        }
    }

    @AfterAll
    void close() {
        oracle.close();
    }
}
