package org.windtunnel.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.backend.cuda.CudaBackend;
import org.windtunnel.backend.cuda.EmulatedDevice;
import org.windtunnel.backend.cuda.Operands;
import org.windtunnel.nn.TransformerShape.Flavour;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.StoragePolicy;
import org.windtunnel.tensor.Tensor;

/**
 * Models that keep operands of products in bf16 against the same models that keep everything in fp32, and round each
 * time a product takes it and {@link RoundsBesideActivations}: the same numbers are rounded, so the bits are the same.
 */
class OperandTypeTest {
    private static final StoragePolicy UNROUNDED = new StoragePolicy(DType.FLOAT32, DType.FLOAT32, false);
    private static final ForwardMultipliers SCALED = new ForwardMultipliers(1.7, 0.4, 0.6, 0.8);
    private static final int STEPS = 3;

    /** At sizes that are multiples of nothing, and at those that tensor cores read as they are. */
    static Stream<TransformerCase> cases() {
        return Stream.concat(TransformerCase.all().stream(), evenCases());
    }

    static Stream<TransformerCase> evenCases() {
        List<TransformerCase> all = new ArrayList<>();
        for (boolean option : new boolean[] {false, true}) {
            all.add(new TransformerCase("gpt of even sizes, bias " + option, new TransformerShape(Flavour.GPT, 16, 2, 2,
                    2, 8, 8, 21, 64, Activation.GELU_TANH, option, true, false, 0, 1e-5), SCALED, 0.1));
            all.add(new TransformerCase("llama of even sizes, qk-norm " + option, new TransformerShape(Flavour.LLAMA,
                    16, 2, 2, 1, 8, 8, 24, 24, null, false, false, option, 100, 1e-5), SCALED, 0));
        }
        return all.stream();
    }

    /** Loss and gradients of each step, by step and parameter. */
    private static Map<String, float[]> train(TransformerCase c, Operands operands, boolean keepsRounded) {
        Map<String, float[]> found = new HashMap<>();
        try (CudaBackend backend = new CudaBackend(new EmulatedDevice(), operands);
                Arena arena = Arena.of(
                        backend::allocate, keepsRounded ? backend.storagePolicy() : UNROUNDED)) {
            boolean rounds = !keepsRounded && operands == Operands.BF16;
            Transformer model = c.build(rounds ? RoundsBesideActivations.of(backend) : backend, 2, arena);
            // What the backward pass of attention reads of its output is what the projection was given.
            model.setProbe(!rounds ? null : (module, output) -> {
                if (module.endsWith("attn.heads")) {
                    RoundsBesideActivations.round(output);
                }
            });
            double[] sums = new double[3];
            for (int step = 0; step < STEPS; step++) {
                for (int micro = 0; micro < 2; micro++) {
                    c.fill(model, 2 * micro, 2);
                    model.forwardBackward(0.01, c.zWeight(), micro > 0, sums);
                }
                found.put(step + " loss", new float[] {(float) sums[0], (float) sums[1], (float) sums[2]});
                for (ParamSpec p : model.parameters().specs()) {
                    found.put(step + " " + p.name(), model.parameters().gradient(p.name()).toFloats());
                }
                // The device's update, and one by the host; what evaluates then, or trains, has to see both.
                backend.axpy(-0.5, model.parameters().gradients(), model.parameters().weights());
                Tensor weight = model.parameters().weight(model.parameters().specs().get(8).name());
                weight.put(step, 1.25);
                model.evaluate(sums);
                found.put(step + " evaluation", new float[] {(float) sums[0], (float) sums[1], (float) sums[2]});
                weight.put(step, -0.75);
                found.put(step + " logits", model.logits().toFloats());
            }
        }
        return found;
    }

    /**
     * Gradients of the biases of packed projections alone sum up rounded numbers, so that models that have them differ
     * from their second step on.
     */
    @ParameterizedTest
    @MethodSource("cases")
    void trainsToTheSameBits(TransformerCase c) {
        Map<String, float[]> expected = train(c, Operands.BF16, false);
        train(c, Operands.BF16, true).forEach((name, values) -> {
            if (c.shape().bias() && (!name.startsWith("0 ") || name.matches("0 (evaluation|logits)"))) {
                return;
            }
            if (!name.endsWith("c_attn.bias")) {
                assertThat(values).as(name).isEqualTo(expected.get(name));
                return;
            }
            float largest = 0;
            for (float v : expected.get(name)) {
                largest = Math.max(largest, Math.abs(v));
            }
            assertThat(values).as(name).containsExactly(expected.get(name), within(largest / 256));
        });
    }

    /** By the root mean square of each parameter's gradient; up to 0.056 was found. */
    @ParameterizedTest
    @MethodSource("cases")
    void isWithinRoundingOfFp32(TransformerCase c) {
        Map<String, float[]> expected = train(c, Operands.FP32, false);
        train(c, Operands.BF16, true).forEach((name, values) -> {
            if (!name.startsWith("0 ")) {
                return;
            }
            float[] exact = expected.get(name);
            double size = 0;
            double difference = 0;
            for (int i = 0; i < values.length; i++) {
                size += exact[i] * exact[i];
                difference += (values[i] - exact[i]) * (values[i] - exact[i]);
            }
            assertThat(Math.sqrt(difference / size)).as(name).isLessThan(0.08);
        });
    }

    /** Mean losses of gradient descent on one batch. */
    private static double[] losses(TransformerCase c, Operands operands) {
        double[] losses = new double[20];
        try (CudaBackend backend = new CudaBackend(new EmulatedDevice(), operands);
                Arena arena = Arena.of(backend::allocate, backend.storagePolicy())) {
            Transformer model = c.build(backend, 2, arena);
            double[] sums = new double[3];
            for (int step = 0; step < losses.length; step++) {
                model.forwardBackward(1.0 / 15, c.zWeight(), false, sums);
                losses[step] = sums[0] / sums[2];
                backend.axpy(-0.02, model.parameters().gradients(), model.parameters().weights());
            }
        }
        return losses;
    }

    /** Up to 0.007 was found; 0.005 where only operands are rounded. */
    @ParameterizedTest
    @MethodSource("evenCases")
    void losesInAShortRunWhatItDoesInFp32(TransformerCase c) {
        double[] expected = losses(c, Operands.FP32);
        assertThat(expected[expected.length - 1]).isLessThan(0.7 * expected[0]);
        assertThat(losses(c, Operands.BF16)).containsExactly(expected, within(0.02));
    }

    /**
     * What products read, and what is kept before activations, takes half of what it took, and gradients of logits and of
     * the stream and rounded weights memory of their own.
     */
    @Test
    void takesWhatACountingAllocatorSays() {
        TransformerCase c = TransformerCase.all().get(0);
        try (CudaBackend backend = new CudaBackend(new EmulatedDevice(), Operands.BF16);
                Arena arena = Arena.of(backend::allocate, backend.storagePolicy());
                Arena plain = Arena.of(backend::allocate, UNROUNDED)) {
            c.build(backend, 2, arena);
            c.build(backend, 2, plain);
            TransformerShape s = c.shape();
            int rows = 2 * s.context();
            long kept = s.depth() * (2L * s.width() + s.queryWidth() + s.ffnInWidth() + s.ffnWidth()) + s.width();
            long scratch = Math.max(s.ffnWidth(), s.qkvWidth());
            long weights = ParameterCounts.of(TransformerFamily.declare(s)).total();
            assertThat(plain.bytes() - arena.bytes())
                    .isEqualTo(2 * (rows * (kept + scratch - 16 - s.width()) - weights));
            Arena counting = Arena.counting(backend.storagePolicy());
            new Transformer(null, s, c.multipliers(), 2, counting);
            assertThat(counting.bytes()).isEqualTo(arena.bytes());
        }
    }
}
