package org.windtunnel.scaling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.data.DataShape;
import org.windtunnel.nn.Role;
import org.windtunnel.train.ModelPlan;

/** muP++ and HyperP by hand, in a model four times as deep as the base: sqrt(d0/L) = 0.5, d0/L = 0.25. */
class DepthScaledTest {
    private static final int TOKENS_A_STEP = 4 * 16;

    private static ScalingTable table(String parameterization, String optimizer) {
        return ModelPlan.of(ConfigLoader.parse(String.format("""
                name: deep
                model: {family: gpt, width: 16, depth: 8, head_dim: 8, context: 16}
                data: {type: markov, vocab: 32}
                parameterization: {%s}
                optimizer: {%s}
                train: {steps: 10, batch: 4}
                """, parameterization, optimizer), "test"), new DataShape.Tokens(32)).scaling();
    }

    private static ParamScaling row(ScalingTable table, Role role) {
        for (int i = 0; i < table.specs().size(); i++) {
            if (table.specs().get(i).role() == role) {
                return table.rows().get(i);
            }
        }
        throw new AssertionError(role);
    }

    /**
     * As table 1 of arXiv 2603.28743 and ArchScale's code: under Adam rates of hidden matrices fall by d0/L on top of
     * sqrt(d0/L); Muon's do not, unless its scale grows as the square root of the width, but its decay does.
     */
    @ParameterizedTest
    @CsvSource({
        "type: adamw, 0.125, 1",
        "type: apollo, 0.125, 1",
        "type: apollo_mini, 0.125, 1",
        "type: muon, 0.5, 0.25",
        "'type: muon, scale: spectral_norm', 0.5, 0.25",
        "'type: muon, scale: none', 0.5, 0.25",
        "'type: muon, scale: rms_norm', 0.25, 0.25"
    })
    void ratesAndDecayUnderMupPlusPlus(String optimizer, double rate, double decay) {
        ScalingTable table = table("type: mup_plus_plus, base_depth: 2", optimizer + ", lr: 0.02, weight_decay: 0.1");
        assertThat(row(table, Role.HIDDEN).lrMult()).isCloseTo(rate, within(1e-12));
        assertThat(row(table, Role.HIDDEN).wdMult()).isCloseTo(decay, within(1e-12));
        for (Role other : new Role[] {Role.EMBEDDING, Role.NORM_GAIN, Role.READOUT}) {
            assertThat(row(table, other).lrMult()).isCloseTo(0.5, within(1e-12));
            assertThat(row(table, other).wdMult()).isZero();
        }
        assertThat(table.forward().residual()).isCloseTo(0.25, within(1e-12));
        assertThat(table.forward().readout()).isCloseTo(0.25, within(1e-12));
    }

    /** Independent decay is over the rate of the group: 0.02 x 0.125 of AdamW, 0.02 x 0.5 of Muon and the others. */
    @Test
    void independentDecayUnderMupPlusPlus() {
        String independent = "type: mup_plus_plus, base_depth: 2, decay_rule: independent, decay_scope: all";
        ScalingTable adamw = table(independent, "type: adamw, lr: 0.02");
        assertThat(row(adamw, Role.HIDDEN).wdMult()).isCloseTo(400, within(1e-9));
        assertThat(row(adamw, Role.READOUT).wdMult()).isCloseTo(100, within(1e-9));
        assertThat(row(adamw, Role.NORM_GAIN).wdMult()).isZero();
        ScalingTable muon = table(independent, "type: muon, lr: 0.02, weight_decay: 0.1, adamw: {lr: 0.01}");
        assertThat(row(muon, Role.HIDDEN).wdMult()).isCloseTo(25, within(1e-9));
        assertThat(row(muon, Role.READOUT).wdMult()).isCloseTo(200, within(1e-9));
        assertThatThrownBy(() -> table(independent, "type: adamw, lr: 0"))
                .isInstanceOf(ConfigException.class).hasMessageContaining("expected optimizer.lr > 0");
        assertThatThrownBy(() -> table("type: mup_plus_plus, base_depth: 2, decay_rule: sqrt", "type: adamw, lr: 0.02"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("expected decay_rule fixed or independent with mup_plus_plus, found sqrt");
    }

    /** A batch four times the base's: as the root in the code, by the measured exponent where that is asked for. */
    @Test
    void theBatchExponentOfHyperP() {
        String batch = "type: hyperp, base_depth: 8, base_batch_tokens: " + TOKENS_A_STEP / 4;
        assertThat(row(table(batch, "type: muonh, lr: 0.02"), Role.HIDDEN).lrMult()).isCloseTo(2, within(1e-12));
        double measured = row(table(batch + ", batch_exponent: 0.558", "type: muonh, lr: 0.02"), Role.HIDDEN).lrMult();
        assertThat(measured).isCloseTo(2.167452, within(1e-6));
    }

    /** 1/sqrt(2 L) of depth-muP's absolute form is its relative one times 1/sqrt(2 L0). */
    @Test
    void branchesMayHaveAFurtherConstant() {
        String relative = "type: depth_mup, base_width: 16, base_depth: 2";
        ScalingTable plain = table(relative, "type: adamw, lr: 0.02");
        ScalingTable absolute = table(relative + ", residual_mult: 0.5", "type: adamw, lr: 0.02");
        assertThat(plain.forward().residual()).isCloseTo(0.5, within(1e-12));
        assertThat(absolute.forward().residual()).isCloseTo(1 / Math.sqrt(2 * 8), within(1e-12));
        assertThat(absolute.rows()).isEqualTo(plain.rows());
        assertThatThrownBy(() -> table(relative + ", residual_mult: 0", "type: adamw, lr: 0.02"))
                .isInstanceOf(ConfigException.class).hasMessageContaining("residual_mult");
    }
}
