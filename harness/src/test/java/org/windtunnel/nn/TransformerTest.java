package org.windtunnel.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.cpu.CpuBackend;
import org.windtunnel.backend.nd4j.Nd4jBackend;
import org.windtunnel.nn.TransformerShape.Flavour;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TransformerTest {
    private final Backend exact = new Nd4jBackend(DType.FLOAT64);
    private final Backend cpu = new CpuBackend(1);
    private final Backend cpuOnTwo = new CpuBackend(2);

    static List<TransformerCase> cases() {
        return TransformerCase.all();
    }

    /** Rounding of single precision through two blocks is below 1e-5 of a tensor's largest gradient. */
    @ParameterizedTest
    @MethodSource("cases")
    void cpuAgreesWithTheReference(TransformerCase c) {
        Result reference = run(c, exact, 3, 3);
        Result fast = run(c, cpu, 3, 3);
        assertThat(fast.sums[0]).isCloseTo(reference.sums[0], within(1e-5 * reference.sums[0]));
        assertThat(fast.sums[1]).isCloseTo(reference.sums[1], within(1e-5 * reference.sums[1]));
        assertThat(fast.sums[2]).isEqualTo(reference.sums[2]).isEqualTo(3 * c.shape().context() - 1);
        assertSame(fast.gradients, reference.gradients, 1e-4);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void twoMicroBatchesAddUpToOneBatch(TransformerCase c) {
        assertSame(run(c, exact, 4, 2).gradients, run(c, exact, 4, 4).gradients, 1e-11);
        assertSame(run(c, cpu, 4, 2).gradients, run(c, cpu, 4, 4).gradients, 1e-5);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void oneAndTwoThreadsGiveTheSameBits(TransformerCase c) {
        Result one = run(c, cpu, 6, 3);
        Result two = run(c, cpuOnTwo, 6, 3);
        assertThat(two.sums).isEqualTo(one.sums);
        assertThat(two.gradients.keySet()).isEqualTo(one.gradients.keySet());
        one.gradients.forEach((name, g) -> assertThat(two.gradients.get(name)).as(name).isEqualTo(g));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void aCountingAllocatorCountsWhatARealOneTakes(TransformerCase c) {
        for (Backend backend : List.of(cpu, cpuOnTwo, exact)) {
            Arena counting = Arena.counting(backend.floatType());
            new Transformer(backend, c.shape(), c.multipliers(), 3, counting);
            Arena alone = Arena.counting(backend.floatType());
            new Transformer(null, c.shape(), c.multipliers(), 3, alone);
            try (Arena real = TransformerCase.arena(backend)) {
                c.build(backend, 3, real);
                assertThat(counting.bytes()).isEqualTo(real.bytes()).isEqualTo(alone.bytes());
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void probesSeeTheBranchesAddUp(TransformerCase c) {
        Map<String, double[]> seen = new HashMap<>();
        try (Arena arena = TransformerCase.arena(exact)) {
            Transformer model = c.build(exact, 2, arena);
            double[] expected = model.logits().toDoubles();
            model.setProbe((module, output) -> seen.put(module, output.toDoubles()));
            assertThat(model.logits().toDoubles()).isEqualTo(expected).isEqualTo(seen.get("lm_head"));
        }
        boolean gpt = c.shape().flavour() == Flavour.GPT;
        String before = gpt ? "transformer.h.0" : "layers.0";
        String block = gpt ? "transformer.h.1" : "layers.1";
        assertThat(seen).containsKeys(
                gpt ? "transformer.wte" : "embed", gpt ? "transformer.ln_f" : "norm_f", block + ".attn.heads",
                block + ".attn.qkv", block + ".mlp.hidden", block + (gpt ? ".ln_2" : ".norm_2"));
        for (int i = 0; i < seen.get(block).length; i++) {
            double sum = seen.get(before)[i] + seen.get(block + ".attn")[i] + seen.get(block + ".mlp")[i];
            assertThat(seen.get(block)[i]).isCloseTo(sum, within(1e-12));
        }
    }

    /** The forward pass must not depend on what the backward pass left in the buffers. */
    @ParameterizedTest
    @MethodSource("cases")
    void logitsAreTheSameAfterABackwardPass(TransformerCase c) {
        try (Arena arena = TransformerCase.arena(cpu)) {
            Transformer model = c.build(cpu, 2, arena);
            float[] first = model.logits().toFloats();
            model.forwardBackward(1, 0, false, new double[3]);
            assertThat(model.logits().toFloats()).isEqualTo(first);
        }
    }

    private record Result(double[] sums, Map<String, double[]> gradients) {}

    /** Loss sums and gradients of {@code batch} sequences in micro-batches of {@code micro}. */
    private static Result run(TransformerCase c, Backend backend, int batch, int micro) {
        try (Arena arena = TransformerCase.arena(backend)) {
            Transformer model = c.build(backend, micro, arena);
            // A first pass on something else: what it leaves in gradients and buffers must not matter.
            model.forwardBackward(3, 0, false, new double[3]);
            double[] total = new double[3];
            for (int first = 0; first < batch; first += micro) {
                double[] sums = new double[3];
                c.fill(model, first, micro);
                model.forwardBackward(0.05, c.zWeight(), first > 0, sums);
                for (int i = 0; i < 3; i++) {
                    total[i] += sums[i];
                }
            }
            Map<String, double[]> gradients = new HashMap<>();
            for (ParamSpec spec : model.parameters().specs()) {
                gradients.put(spec.name(), model.parameters().gradient(spec.name()).toDoubles());
            }
            return new Result(total, gradients);
        }
    }

    /** Within {@code relative} of each tensor's largest magnitude, or of 1e-3 of the largest of all. */
    private static void assertSame(Map<String, double[]> actual, Map<String, double[]> expected, double relative) {
        double overall = expected.values().stream().mapToDouble(TransformerTest::largest).max().orElseThrow();
        assertThat(overall).isGreaterThan(0);
        assertThat(actual.keySet()).isEqualTo(expected.keySet());
        expected.forEach((name, e) -> assertThat(actual.get(name))
                .as(name)
                .containsExactly(e, within(relative * Math.max(largest(e), 1e-3 * overall))));
    }

    private static double largest(double[] values) {
        double largest = 0;
        for (double v : values) {
            largest = Math.max(largest, Math.abs(v));
        }
        return largest;
    }
}
