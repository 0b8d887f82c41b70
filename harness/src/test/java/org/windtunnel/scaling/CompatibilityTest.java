package org.windtunnel.scaling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.windtunnel.backend.cpu.CpuBackend;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.data.DataShape;
import org.windtunnel.nn.Parameters;
import org.windtunnel.nn.Role;
import org.windtunnel.scaling.Compatibility.Cell;
import org.windtunnel.tensor.Arena;
import org.windtunnel.train.ModelPlan;

class CompatibilityTest {
    private static final Map<String, String> SETTINGS = Map.of(
            "sp", "",
            "sp_full_align", ", base_width: 16",
            "mup", ", base_width: 16, readout_gain: 1",
            "depth_mup", ", base_width: 16, base_depth: 1, readout_gain: 1",
            "completep", ", base_width: 16, base_depth: 1, readout_gain: 1",
            "mup_plus_plus", ", base_depth: 1",
            "hyperp", ", base_depth: 1, base_tokens: 1000, base_batch_tokens: 64");

    private static ExperimentSpec spec(String parameterization, String optimizer, String more) {
        return ConfigLoader.parse(String.format(
                """
                name: tiny
                model: {family: gpt, width: 32, depth: 2, head_dim: 8, context: 16}
                data: {type: markov, vocab: 32}
                parameterization: {type: %s%s}
                optimizer: {type: %s, lr: 0.01%s}
                train: {steps: 10, batch: 4}
                """, parameterization, SETTINGS.get(parameterization), optimizer, more), "test");
    }

    static Stream<String[]> pairs() {
        List<String[]> pairs = new ArrayList<>();
        for (String p : Compatibility.parameterizations()) {
            Compatibility.OPTIMIZERS.forEach(o -> pairs.add(new String[] {p, o}));
        }
        return pairs.stream();
    }

    @ParameterizedTest
    @MethodSource("pairs")
    void everyPairResolvesOrIsRefusedAsItsCellSays(String parameterization, String optimizer) {
        ExperimentSpec spec = spec(parameterization, optimizer, "");
        if (Compatibility.cell(parameterization, optimizer) == Cell.REFUSED) {
            assertThatThrownBy(() -> ModelPlan.of(spec, new DataShape.Tokens(32)))
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining("does not go with optimizer " + optimizer + ": ");
            return;
        }
        ScalingTable table = ModelPlan.of(spec, new DataShape.Tokens(32)).scaling();
        assertThat(table.rows()).hasSameSizeAs(table.specs()).allMatch(row -> row.lrMult() > 0
                && Double.isFinite(row.lrMult()) && row.wdMult() >= 0 && row.epsMult() > 0);
        assertThat(table.forward().residual()).isPositive();
    }

    @Test
    void theSphereNeedsANorm() {
        ExperimentSpec spec = ConfigLoader.parse(
                """
                name: tiny
                model: {family: gpt, width: 32, depth: 2, head_dim: 8, context: 16}
                data: {type: markov, vocab: 32}
                parameterization: {type: mup, base_width: 16}
                optimizer: {type: muonh, lr: 0.01}
                train: {steps: 10, batch: 4}
                """, "test");
        assertThatThrownBy(() -> ModelPlan.of(spec, new DataShape.Tokens(32)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("lm_head.weight").hasMessageContaining("raise readout_gain");
    }

    @Test
    void fullAlignmentLowersMatricesAndReadoutOnly() {
        ScalingTable table = ModelPlan.of(spec("sp_full_align", "adamw", ""), new DataShape.Tokens(32)).scaling();
        for (int i = 0; i < table.rows().size(); i++) {
            Role role = table.specs().get(i).role();
            double expected = role == Role.HIDDEN || role == Role.READOUT ? 0.5 : 1;
            assertThat(table.rows().get(i).lrMult()).as("%s", table.specs().get(i)).isEqualTo(expected);
        }
    }

    @Test
    void hyperPDrawsHiddenMatricesUniformly() {
        ScalingTable table = ModelPlan.of(spec("hyperp", "muonh", ""), new DataShape.Tokens(32)).scaling();
        try (CpuBackend backend = new CpuBackend(1);
                Arena arena = Arena.of(backend::allocate, backend.floatType())) {
            Parameters parameters = new Parameters(table.specs(), arena);
            table.initialize(parameters, 7);
            double[] w = parameters.weight("transformer.h.0.mlp.c_fc.weight").toDoubles();
            double bound = 1 / Math.sqrt(32);
            double squares = 0;
            for (double x : w) {
                assertThat(Math.abs(x)).isLessThanOrEqualTo(bound);
                squares += x * x;
            }
            assertThat(Math.sqrt(squares / w.length)).isCloseTo(bound / Math.sqrt(3), within(0.02 * bound));
        }
    }
}
