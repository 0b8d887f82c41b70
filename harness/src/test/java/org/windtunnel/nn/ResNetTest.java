package org.windtunnel.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.windtunnel.AllocationProbe;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.cpu.CpuBackend;
import org.windtunnel.backend.nd4j.Nd4jBackend;
import org.windtunnel.config.ConfigException;
import org.windtunnel.nn.ResNetShape.Block;
import org.windtunnel.nn.ResNetShape.Norm;
import org.windtunnel.nn.ResNetShape.Order;
import org.windtunnel.nn.ResNetShape.Shortcut;
import org.windtunnel.nn.ResNetShape.Stem;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ResNetTest {
    private static final int BATCH = 6;

    private final Backend exact = new Nd4jBackend(DType.FLOAT64);
    private final Backend cpu = new CpuBackend(1);
    private final Backend cpuOnTwo = new CpuBackend(2);

    static List<ResNetCase> cases() {
        return ResNetCase.all();
    }

    /** A ReLU that rounding tips over moves a gradient by more than rounding does, hence the wide tolerance. */
    @ParameterizedTest
    @MethodSource("cases")
    void cpuAgreesWithTheReference(ResNetCase c) {
        Result reference = run(c, exact);
        Result fast = run(c, cpu);
        assertThat(fast.sums[0]).isCloseTo(reference.sums[0], within(1e-5 * reference.sums[0]));
        assertThat(fast.logits).containsExactly(reference.logits, within(1e-4 * ResNetCase.largest(reference.logits)));
        reference.gradients.forEach((name, e) -> assertThat(fast.gradients.get(name)).as(name)
                .containsExactly(e, within(1e-3 * ResNetCase.largest(e) + 1e-6)));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void oneAndTwoThreadsGiveTheSameBits(ResNetCase c) {
        Result one = run(c, cpu);
        Result two = run(c, cpuOnTwo);
        assertThat(two.sums).isEqualTo(one.sums);
        assertThat(two.logits).isEqualTo(one.logits);
        one.gradients.forEach((name, g) -> assertThat(two.gradients.get(name)).as(name).isEqualTo(g));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void aCountingAllocatorCountsWhatARealOneTakes(ResNetCase c) {
        for (Backend backend : List.of(cpu, exact)) {
            Arena alone = Arena.counting(backend.floatType());
            new ResNet(null, c.shape(), c.multipliers(), 3, alone);
            try (Arena real = ResNetCase.arena(backend)) {
                c.build(backend, 3, real);
                assertThat(alone.bytes()).isEqualTo(real.bytes());
            }
        }
    }

    /** The forward pass must not depend on what the backward pass left in the buffers, and gradients add up. */
    @ParameterizedTest
    @MethodSource("cases")
    void aSecondPassDoesTheSameAndAccumulates(ResNetCase c) {
        try (Arena arena = ResNetCase.arena(cpu)) {
            ResNet model = c.build(cpu, BATCH, arena);
            double[][] buffers = ResNetCase.buffers(model);
            model.forwardBackward(1, 0, false, new double[3]);
            Map<String, double[]> once = ResNetCase.gradients(model);
            ResNetCase.restore(model, buffers);
            model.forwardBackward(1, 0, true, new double[3]);
            ResNetCase.gradients(model).forEach((name, twice) -> {
                double[] expected = Arrays.stream(once.get(name)).map(g -> 2 * g).toArray();
                assertThat(twice).as(name).containsExactly(expected, within(1e-5 * ResNetCase.largest(expected) + 1e-9));
            });
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void evaluationUsesAndKeepsTheRunningStatistics(ResNetCase c) {
        try (Arena arena = ResNetCase.arena(cpu)) {
            ResNet model = c.build(cpu, BATCH, arena);
            float[] fresh = model.logits().toFloats();
            model.forwardBackward(1, 0, false, new double[3]);
            double[][] after = ResNetCase.buffers(model);
            float[] moved = model.logits().toFloats();
            model.evaluate(new double[3]);
            assertThat(ResNetCase.buffers(model)).isDeepEqualTo(after);
            boolean batchNorm = c.shape().norm() == Norm.BATCH;
            assertThat(Arrays.equals(fresh, moved)).isEqualTo(!batchNorm);
            c.fill(model, 0, BATCH);
            assertThat(model.logits().toFloats()).isEqualTo(moved);
        }
    }

    @Test
    void droppedPathsFollowSeedAndPass() {
        ResNetCase c = ResNetCase.all().stream().filter(x -> x.shape().dropPath() > 0).findFirst().orElseThrow();
        try (Arena arena = ResNetCase.arena(cpu)) {
            ResNet model = c.build(cpu, BATCH, arena);
            float[] first = model.trainingLogits().toFloats();
            assertThat(model.trainingLogits().toFloats()).isEqualTo(first);
            model.draw(1);
            float[] second = model.trainingLogits().toFloats();
            model.draw(0);
            assertThat(model.trainingLogits().toFloats()).isEqualTo(first).isNotEqualTo(second);
            model.setSeed(12);
            model.draw(0);
            assertThat(model.trainingLogits().toFloats()).isNotEqualTo(first);
        }
    }

    /** Branches multiplied by 0 leave identities and option A: pixels are picked, channels padded on both sides. */
    @Test
    void optionAPicksPixelsAndPadsChannels() {
        ResNetShape s = new ResNetShape(Block.BASIC, Order.PRE_ACTIVATION, List.of(1, 1), 4, Shortcut.A, Norm.NONE, 1, 1,
                Stem.SMALL, false, 0, 0, 0, 1e-5, 0.1, 3, 6, 6, 5);
        Map<String, double[]> seen = new HashMap<>();
        try (Arena arena = ResNetCase.arena(exact)) {
            ResNetCase c = new ResNetCase("", s, new ForwardMultipliers(1, 1, 0, 1), null);
            ResNet model = new ResNet(exact, s, c.multipliers(), 1, arena);
            Initializer.fill(model.parameters(), new double[model.parameters().specs().size()],
                    model.parameters().specs().stream().mapToDouble(p -> 1).toArray(),
                    new boolean[model.parameters().specs().size()], 3);
            c.fill(model, 0, 1);
            model.setProbe((module, output) -> seen.put(module, output.toDoubles()));
            model.logits();
        }
        double[] stem = seen.get("conv1");
        double[] last = seen.get("blocks.1");
        assertThat(seen.get("blocks.0")).isEqualTo(stem);
        for (int i = 0; i < last.length; i++) {
            int channel = i % 8 - 2;
            int row = i / 8 / 3 * 2;
            int column = i / 8 % 3 * 2;
            double expected = channel < 0 || channel >= 4 ? 0 : stem[(row * 6 + column) * 4 + channel];
            assertThat(last[i]).as("element %d", i).isEqualTo(expected);
        }
    }

    /** Counts of He et al., table 6 (0.27M, 0.46M, 0.66M, 0.85M, 1.7M), exactly as the usual PyTorch code has them. */
    @ParameterizedTest
    @CsvSource({"20, 269722", "32, 464154", "44, 658586", "56, 853018", "110, 1727962"})
    void cifarNetworksHaveThePublishedSize(int depth, long parameters) {
        ResNetShape b = ResNetShape.of(depth);
        ResNetShape a = new ResNetShape(b.block(), b.order(), b.depths(), b.width(), Shortcut.A, b.norm(), 1, 1, b.stem(),
                false, 0, 0, 0, b.normEps(), b.normMomentum(), 3, 32, 32, 10);
        assertThat(ResNetFamily.declare(a).stream().mapToLong(ParamSpec::size).sum()).isEqualTo(parameters);
        assertThat(ResNetFamily.declare(b)).hasSize(ResNetFamily.declare(a).size() + 6);
    }

    /** 40.6M multiply-adds of ResNet-20's forward pass, which a step does three times over. */
    @Test
    void operationsOfAStep() {
        double projections = 8 * 8 * 32 * 64 + 16 * 16 * 16 * 32;
        assertThat(ResNetFamily.flopsPerExample(ResNetShape.of(20)) / 6 - projections).isCloseTo(40.55e6, within(0.05e6));
    }

    @Test
    void rolesAndNames() {
        Map<String, ParamSpec> specs = new HashMap<>();
        ResNetFamily.declare(ResNetShape.of(20)).forEach(p -> specs.put(p.name(), p));
        assertThat(specs.get("conv1.weight").role()).isEqualTo(Role.STEM);
        assertThat(specs.get("blocks.3.short_conv.weight").role()).isEqualTo(Role.HIDDEN);
        ParamSpec hidden = specs.get("blocks.4.conv2.weight");
        assertThat(hidden.role()).isEqualTo(Role.HIDDEN);
        assertThat(hidden.fanIn()).isEqualTo(32 * 9);
        assertThat(hidden.fanOut()).isEqualTo(32);
        assertThat(hidden.residual()).isTrue();
        assertThat(hidden.layer()).isEqualTo(4);
        assertThat(specs.get("bn1.weight").role()).isEqualTo(Role.NORM_GAIN);
        assertThat(specs.get("blocks.0.bn2.bias").role()).isEqualTo(Role.BIAS);
        assertThat(specs.get("fc.weight").role()).isEqualTo(Role.READOUT);
        assertThat(specs.get("fc.bias").role()).isEqualTo(Role.BIAS);
    }

    @Test
    void sizesThatDoNotFitAreRefused() {
        assertThatThrownBy(() -> ResNetShape.of(21)).isInstanceOf(ConfigException.class).hasMessageContaining("6 n + 2")
                .hasMessageContaining("found 21");
        ResNetShape s = ResNetShape.of(20);
        assertThatThrownBy(() -> new ResNetShape(s.block(), s.order(), s.depths(), 16, s.shortcut(), Norm.GROUP, 5, 1,
                        s.stem(), false, 0, 0, 0, 1e-5, 0.1, 3, 32, 32, 10))
                .isInstanceOf(ConfigException.class).hasMessageContaining("divides width 16, found 5");
        assertThatThrownBy(() -> new ResNetShape(s.block(), s.order(), s.depths(), 16, s.shortcut(), Norm.BATCH, 1, 1,
                        s.stem(), true, 0, 0, 0, 1e-5, 0.1, 3, 30, 30, 10).blocks())
                .isInstanceOf(ConfigException.class).hasMessageContaining("stay even, found 15x15");
    }

    @Test
    void aStepAllocatesNothingAfterWarmUp() throws IOException, InterruptedException {
        AllocationProbe.Outcome outcome = AllocationProbe.process(ResNetAllocation.class);
        assertThat(outcome.status()).as(outcome.output()).isZero();
    }

    private record Result(double[] sums, double[] logits, Map<String, double[]> gradients) {}

    private static Result run(ResNetCase c, Backend backend) {
        try (Arena arena = ResNetCase.arena(backend)) {
            ResNet model = c.build(backend, BATCH, arena);
            double[][] start = ResNetCase.buffers(model);
            // A first pass on something else: what it leaves in gradients and buffers must not matter.
            c.fill(model, BATCH, BATCH);
            model.forwardBackward(3, 0, false, new double[3]);
            ResNetCase.restore(model, start);
            c.fill(model, 0, BATCH);
            double[] sums = new double[3];
            model.forwardBackward(1.0 / BATCH, 0, false, sums);
            return new Result(sums, model.logits().toDoubles(), ResNetCase.gradients(model));
        }
    }

    @AfterAll
    void close() {
        exact.close();
        cpu.close();
        cpuOnTwo.close();
    }
}
