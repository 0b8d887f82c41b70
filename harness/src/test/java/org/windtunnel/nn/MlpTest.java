package org.windtunnel.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.backend.cuda.CudaBackend;
import org.windtunnel.backend.cuda.EmulatedDevice;
import org.windtunnel.backend.cuda.Operands;
import org.windtunnel.backend.nd4j.Nd4jBackend;
import org.windtunnel.backend.registry.Backends;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.RuntimeSpec.BackendName;
import org.windtunnel.config.RuntimeSpec.Precision;
import org.windtunnel.config.RuntimeSpec;
import org.windtunnel.config.TrainSpec.Loss;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.StoragePolicy;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

class MlpTest {
    private static final int BATCH = 6;
    private static final double GRAD_SCALE = 0.5;

    /** Small, so that hardly a ReLU changes sides on the way. */
    private static final double STEP = 1e-6;

    static Stream<Arguments> cases() {
        return Stream.of(
                Arguments.of(shape(3, true, Activation.RELU), Loss.CROSS_ENTROPY),
                Arguments.of(shape(1, true, Activation.GELU_TANH), Loss.MSE),
                Arguments.of(shape(2, false, Activation.GELU_ERF), Loss.CROSS_ENTROPY));
    }

    private static MlpShape shape(int depth, boolean bias, Activation activation) {
        return new MlpShape(7, depth, bias, activation, 2, 3, 2, 5);
    }

    /** A multiplier other than 1, random weights and biases, a random micro-batch. */
    private static Mlp build(Backend backend, MlpShape shape, Loss loss, Arena arena) {
        Mlp model = new MlpFamily(shape).build(backend, new ForwardMultipliers(1, 1, 1, 0.7), BATCH, loss, 1, arena);
        List<ParamSpec> specs = model.parameters().specs();
        double[] std = specs.stream()
                .mapToDouble(s -> s.shape().length > 1 ? Math.sqrt(2.0 / s.fanIn()) : 0.2)
                .toArray();
        Initializer.fill(model.parameters(), new double[std.length], std, new boolean[std.length], 5);
        model.inputs().set(draws(7, BATCH * shape.inputs()));
        model.targets().set(0, 4, 2, 1, 1, 3);
        return model;
    }

    private static double[] draws(long seed, int count) {
        Rng rng = new Rng(seed, 8);
        double[] draws = new double[count];
        for (int i = 0; i < count; i++) {
            draws[i] = (float) rng.gaussian(i);
        }
        return draws;
    }

    private static double loss(Mlp model) {
        double[] sums = new double[3];
        model.forwardBackward(GRAD_SCALE, 0, false, sums);
        return GRAD_SCALE * sums[0];
    }

    /** One at a time, in double precision. */
    @ParameterizedTest
    @MethodSource("cases")
    void gradientsAreCentralDifferences(MlpShape shape, Loss loss) {
        Backend exact = new Nd4jBackend(DType.FLOAT64);
        try (Arena arena = Arena.of(exact::allocate, exact.floatType())) {
            Mlp model = build(exact, shape, loss, arena);
            Tensor weights = model.parameters().weights();
            double[] start = weights.toDoubles();
            loss(model);
            double[] gradient = model.parameters().gradients().toDoubles();
            for (int i = 0; i < start.length; i++) {
                double[] losses = new double[2];
                for (int side = 0; side < 2; side++) {
                    double[] moved = start.clone();
                    moved[i] += side == 0 ? -STEP : STEP;
                    weights.set(moved);
                    losses[side] = loss(model);
                }
                double numeric = (losses[1] - losses[0]) / (2 * STEP);
                assertThat(gradient[i]).as("element %d", i).isCloseTo(numeric, within(1e-7));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theCpuBackendComputesTheSame(MlpShape shape, Loss loss) {
        Backend exact = new Nd4jBackend(DType.FLOAT64);
        try (Backend cpu = Backends.open(new RuntimeSpec(BackendName.CPU, 1, Precision.FP32));
                Arena first = Arena.of(exact::allocate, exact.floatType());
                Arena second = Arena.of(cpu::allocate, cpu.floatType())) {
            Mlp expected = build(exact, shape, loss, first);
            Mlp found = build(cpu, shape, loss, second);
            assertThat(loss(found)).isCloseTo(loss(expected), within(1e-5));
            found.forwardBackward(GRAD_SCALE, 0, true, new double[3]);
            double[] gradient = expected.parameters().gradients().toDoubles();
            double[] accumulated = found.parameters().gradients().toDoubles();
            for (int i = 0; i < gradient.length; i++) {
                assertThat(accumulated[i]).as("twice element %d", i).isCloseTo(2 * gradient[i], within(1e-5));
            }
            assertThat(found.logits().toDoubles()).containsExactly(expected.logits().toDoubles(), within(1e-5));
        }
    }

    /** Rounded once a step and where they are written, or by each product that takes them. */
    @ParameterizedTest
    @MethodSource("cases")
    void operandsKeptRoundedGiveTheSameBits(MlpShape shape, Loss loss) {
        List<float[]> expected = roundedSteps(shape, loss, DType.FLOAT32);
        assertThat(roundedSteps(shape, loss, DType.BFLOAT16)).usingRecursiveComparison().isEqualTo(expected);
    }

    private static List<float[]> roundedSteps(MlpShape shape, Loss loss, DType operandType) {
        List<float[]> found = new ArrayList<>();
        try (CudaBackend cuda = new CudaBackend(new EmulatedDevice(), Operands.BF16);
                Arena arena = Arena.of(
                        cuda::allocate, new StoragePolicy(DType.FLOAT32, operandType, false))) {
            boolean keeps = operandType == DType.BFLOAT16;
            Mlp model = build(keeps ? cuda : RoundsBesideActivations.of(cuda), shape, loss, arena);
            double[] sums = new double[3];
            for (int step = 0; step < 3; step++) {
                model.forwardBackward(GRAD_SCALE, 0, false, sums);
                model.forwardBackward(GRAD_SCALE, 0, true, sums);
                found.add(model.parameters().gradients().toFloats());
                cuda.axpy(-1, model.parameters().gradients(), model.parameters().weights());
                found.add(model.logits().toFloats());
            }
        }
        return found;
    }

    @Test
    void declaresRolesByLayer() {
        MlpFamily family = new MlpFamily(shape(3, true, Activation.RELU));
        assertThat(family.parameters()).extracting(ParamSpec::name).containsExactly("layers.0.weight", "layers.0.bias",
                "layers.1.weight", "layers.1.bias", "layers.2.weight", "layers.2.bias", "fc.weight", "fc.bias");
        assertThat(family.parameters()).extracting(ParamSpec::role).containsExactly(Role.STEM, Role.BIAS, Role.HIDDEN,
                Role.BIAS, Role.HIDDEN, Role.BIAS, Role.READOUT, Role.BIAS);
        assertThat(family.flopsPerUnit()).isEqualTo(6.0 * (12 * 7 + 2 * 7 * 7 + 7 * 5));
    }

    /** A probe sees pre-activations, biases included. */
    @Test
    void aProbeSeesEveryLinearLayer() {
        Backend exact = new Nd4jBackend(DType.FLOAT64);
        try (Arena arena = Arena.of(exact::allocate, exact.floatType())) {
            Mlp model = build(exact, shape(2, true, Activation.RELU), Loss.CROSS_ENTROPY, arena);
            List<String> seen = new ArrayList<>();
            List<double[]> outputs = new ArrayList<>();
            model.setProbe((module, output) -> {
                seen.add(module);
                outputs.add(output.toDoubles());
            });
            double[] logits = model.logits().toDoubles();
            assertThat(seen).containsExactly("layers.0", "layers.1", "fc");
            double[] w = model.parameters().weight("layers.0.weight").toDoubles();
            double[] x = model.inputs().toDoubles();
            double first = model.parameters().weight("layers.0.bias").toDoubles()[0];
            for (int j = 0; j < 12; j++) {
                first += w[j] * x[j];
            }
            assertThat(outputs.get(0)[0]).isCloseTo(first, within(1e-12));
            assertThat(outputs.get(2)).isEqualTo(logits);
        }
    }

    @Test
    void constantsOnBranchesAreRefused() {
        MlpFamily family = new MlpFamily(shape(2, true, Activation.RELU));
        assertThatThrownBy(() -> family.build(null, new ForwardMultipliers(1, 1, 0.5, 1), 2, Loss.MSE, 1, null))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("such as sp or mup");
    }
}
