package org.windtunnel.backend.nd4j;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.windtunnel.backend.AttentionKernels.AttentionShape;
import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

/** The oracle itself, in double precision, against plain loops to 1e-12. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class Nd4jForwardTest {
    private static final double TOLERANCE = 1e-12;

    private final Nd4jBackend backend = new Nd4jBackend(DType.FLOAT64);
    private final Arena arena = Arena.of(backend::allocate, DType.FLOAT64);
    private final Rng rng = new Rng(5, Rng.stream("nd4j-forward"));
    private int draws;

    @ParameterizedTest
    @CsvSource({"1,1,1", "1,5,3", "5,1,3", "5,3,1", "7,9,11", "64,33,65"})
    void gemm(int m, int n, int k) {
        double[] a = normal(m * k);
        double[] b = normal(k * n);
        for (boolean ta : new boolean[] {false, true}) {
            for (boolean tb : new boolean[] {false, true}) {
                Tensor c = arena.take(m, n);
                c.set(IntStream.range(0, m * n).mapToDouble(i -> Double.NaN).toArray());
                backend.gemm(ta, tb, m, n, k, 1.5, of(a), ta ? m : k, of(b), tb ? k : n, 0, c, n);
                check(c.toDoubles(), PlainLoops.gemm(ta, tb, m, n, k, 1.5, a, b));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1,2", "1,1", "5,1", "7,5", "3,64", "33,17"})
    void norms(int n, int d) {
        double[] x = normal(n * d);
        double[] gain = normal(d);
        double[] bias = normal(d);
        Tensor y = arena.take(n, d);
        backend.layerNormForward(of(x, n, d), of(gain), of(bias), 1e-5, y, arena.take(n, 2));
        check(y.toDoubles(), PlainLoops.layerNorm(x, gain, bias, 1e-5));
        backend.layerNormForward(of(x, n, d), of(gain), null, 1e-5, y, arena.take(n, 2));
        check(y.toDoubles(), PlainLoops.layerNorm(x, gain, null, 1e-5));
        backend.rmsNormForward(n, 1, d, of(x), d, of(gain), 1e-6, y, d, arena.take(n));
        check(y.toDoubles(), PlainLoops.rmsNorm(x, gain, 1e-6));
    }

    @ParameterizedTest
    @EnumSource(Activation.class)
    void activations(Activation kind) {
        double[] x = normal(15 * 7);
        Tensor y = arena.take(15, 7);
        backend.activationForward(kind, of(x, 15, 7), null, y);
        check(
                y.toDoubles(),
                IntStream.range(0, x.length)
                        .mapToDouble(i -> PlainLoops.activation(kind, x[i]))
                        .toArray());
    }

    @ParameterizedTest
    @CsvSource({"1,1", "5,1", "1,5", "7,9"})
    void swiglu(int n, int f) {
        double[] gateUp = normal(n * 2 * f);
        Tensor y = arena.take(n, f);
        backend.swigluForward(of(gateUp, n, 2 * f), y);
        check(y.toDoubles(), PlainLoops.swiglu(gateUp, n, f));
    }

    /** Rows that are not a whole number of sequences are allowed: row n is at position n mod T. */
    @ParameterizedTest
    @CsvSource({"1,1,1", "6,3,4", "7,3,5", "5,1,2", "3,5,1"})
    void embeddingAndRope(int n, int t, int half) {
        int width = 2 * half;
        int[] ids = IntStream.range(0, n).map(i -> i * 5 % 4).toArray();
        double[] tokens = normal(4 * width);
        double[] positions = normal(t * width);
        Tensor tIds = arena.take(DType.INT32, n);
        tIds.set(ids);
        Tensor y = arena.take(n, width);
        backend.embeddingForward(tIds, t, of(tokens, 4, width), of(positions, t, width), 0.3, y);
        check(y.toDoubles(), PlainLoops.embedding(ids, t, width, tokens, positions, 0.3));
        double[] x = normal(n * 3 * width);
        double[] angles = normal(t * half);
        double[] cos = IntStream.range(0, t * half).mapToDouble(i -> Math.cos(angles[i])).toArray();
        double[] sin = IntStream.range(0, t * half).mapToDouble(i -> Math.sin(angles[i])).toArray();
        Tensor rotated = of(x);
        backend.rope(n, t, 3, width, rotated, 3 * width, of(cos), of(sin), false, rotated, 3 * width);
        check(rotated.toDoubles(), PlainLoops.rope(x, t, 3, width, cos, sin));
    }

    @ParameterizedTest
    @CsvSource({"1,1,1,1,1", "2,5,2,2,3", "2,7,6,2,5", "1,33,4,1,8"})
    void attention(int batch, int time, int heads, int kvHeads, int headDim) {
        AttentionShape s = new AttentionShape(batch, time, heads, kvHeads, headDim);
        double[] q = normal(s.rows() * heads * headDim);
        double[] k = normal(s.rows() * kvHeads * headDim);
        double[] v = normal(s.rows() * kvHeads * headDim);
        Tensor out = arena.take(s.rows(), heads * headDim);
        Tensor saved = arena.take(Math.toIntExact(backend.attentionSavedSize(s)));
        backend.attentionForward(s, of(q), heads * headDim, of(k), kvHeads * headDim, of(v), kvHeads * headDim, 0.7,
                out, heads * headDim, saved);
        check(out.toDoubles(), PlainLoops.attention(s, q, k, v, 0.7));
    }

    @ParameterizedTest
    @CsvSource({"1,1", "1,7", "5,1", "9,13"})
    void crossEntropy(int n, int vocabulary) {
        double[] logits = normal(n * vocabulary);
        int[] target = IntStream.range(0, n).map(i -> i % 4 == 3 ? -1 : i % vocabulary).toArray();
        Tensor targets = arena.take(DType.INT32, n);
        targets.set(target);
        double[] sums = new double[3];
        backend.crossEntropy(of(logits, n, vocabulary), targets, 0.1, 1, null, sums);
        check(sums, PlainLoops.crossEntropy(logits, target));
    }

    private double[] normal(int count) {
        int stream = draws++;
        return IntStream.range(0, count).mapToDouble(i -> rng.gaussian((long) stream << 32 | i)).toArray();
    }

    private Tensor of(double[] values, int... shape) {
        Tensor tensor = arena.take(shape.length == 0 ? new int[] {values.length} : shape);
        tensor.set(values);
        return tensor;
    }

    private static void check(double[] found, double[] expected) {
        double scale = Math.max(
                1,
                IntStream.range(0, expected.length)
                        .mapToDouble(i -> Math.abs(expected[i]))
                        .max()
                        .orElse(0));
        assertThat(found).containsExactly(expected, within(TOLERANCE * scale));
    }

    @AfterEach
    void free() {
        arena.close();
    }

    @AfterAll
    void close() {
        backend.close();
    }
}
