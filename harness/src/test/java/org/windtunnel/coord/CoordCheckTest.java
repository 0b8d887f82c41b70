package org.windtunnel.coord;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.registry.Backends;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.data.Corpora;
import org.windtunnel.train.Datasets;

/** The check on a tiny family: it must tell what transfers over width from what does not. */
class CoordCheckTest {
    private static final String FAMILY = """
            name: tiny
            model: {family: %s, width: 32, depth: 2, head_dim: 8, context: 16}
            data: {type: markov, vocab: 64}
            parameterization: %s
            optimizer: %s
            train: {steps: 4, batch: 4}
            """;
    private static final String SP = "{type: sp, embedding_std: 1}";
    private static final String MUP = "{type: mup, base_width: 32, embedding_std: 1, readout_gain: 1}";
    private static final CoordCheckOptions OPTIONS =
            new CoordCheckOptions(List.of(32, 64, 128, 256), 2, 4, CoordCheckOptions.THRESHOLD);

    private static Backend backend;

    @BeforeAll
    static void open() {
        backend = Backends.open(spec("gpt", SP, "{type: adamw, lr: 0.01}").runtime());
    }

    @AfterAll
    static void close() {
        backend.close();
    }

    private static ExperimentSpec spec(String family, String parameterization, String optimizer) {
        return ConfigLoader.parse(FAMILY.formatted(family, parameterization, optimizer), "family");
    }

    private static CoordCheckResult check(ExperimentSpec spec, CoordCheckOptions options) {
        return CoordCheck.run(spec, CoordBatch.of(spec, Corpora.open(spec.data(), Path.of(".")), 4), options, backend);
    }

    @ParameterizedTest(name = "{0}, {1}")
    @CsvSource(delimiter = '|', value = {
        "gpt   | {type: adamw, lr: 0.01, weight_decay: 0}",
        "gpt   | {type: sgd, lr: 0.2, momentum: 0}",
        "gpt   | {type: muon, lr: 0.02}",
        "llama | {type: adamw, lr: 0.01, weight_decay: 0}",
        "llama | {type: sgd, lr: 0.2, momentum: 0}",
        "llama | {type: muon, lr: 0.02}"
    })
    void underMupEveryModuleIsFlat(String family, String optimizer) {
        CoordCheckResult result = check(spec(family, MUP, optimizer), OPTIONS);
        for (CoordCurve curve : result.curves()) {
            assertThat(result.failures(curve)).as(curve.module()).isEmpty();
        }
        assertThat(result.passed()).isTrue();
        assertThat(result.curves().stream().filter(CoordCurve::output)).extracting(CoordCurve::module)
                .containsExactly("lm_head");
    }

    @Test
    void underSpWithAdamWhatHiddenMatricesPutOutGrows() {
        CoordCheckResult result = check(spec("gpt", SP, "{type: adamw, lr: 0.01, weight_decay: 0}"), OPTIONS);
        assertThat(result.passed()).isFalse();
        List<CoordCurve> products = result.curves().stream().filter(c -> c.effective() != null).toList();
        assertThat(products).hasSize(2 * 3 + 1);
        for (CoordCurve curve : products) {
            assertThat(result.deltaSlope(curve, 1)).as(curve.module()).isGreaterThanOrEqualTo(0.4);
            assertThat(result.failures(curve)).as(curve.module()).isNotEmpty();
        }
    }

    private static CoordCheckResult resnet(String parameterization, String optimizer) {
        ExperimentSpec spec = ConfigLoader.parse("""
                name: tiny
                model: {family: resnet, width: 8, blocks: [1, 1]}
                data: {type: shapes, channels: 1}
                parameterization: %s
                optimizer: %s
                train: {steps: 4, batch: 4, eval_sequences: 4}
                """.formatted(parameterization, optimizer), "family");
        CoordCheckOptions options = new CoordCheckOptions(List.of(8, 16, 32, 64), 2, 4, CoordCheckOptions.THRESHOLD);
        return CoordCheck.run(
                spec, CoordBatch.of(spec, new Datasets(Path.of(".")).open(spec.data()), 8), options, backend);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"{type: adamw, lr: 0.001, weight_decay: 0}", "{type: sgd, lr: 0.1, momentum: 0}"})
    void underMupConvolutionsAreFlat(String optimizer) {
        CoordCheckResult result = resnet("{type: mup, base_width: 8, readout_gain: 0}", optimizer);
        for (CoordCurve curve : result.curves()) {
            assertThat(result.failures(curve)).as(curve.module()).isEmpty();
        }
        assertThat(result.curves().stream().filter(CoordCurve::output))
                .extracting(CoordCurve::module)
                .containsExactly("fc");
    }

    @Test
    void underSpWithAdamWhatConvolutionsPutOutGrows() {
        CoordCheckResult result = resnet("{type: sp}", "{type: adamw, lr: 0.001, weight_decay: 0}");
        List<CoordCurve> hidden = result.curves().stream().filter(c -> c.module().matches("blocks.*conv\\d")).toList();
        assertThat(hidden).hasSize(4);
        for (CoordCurve curve : hidden) {
            assertThat(result.deltaSlope(curve, 1)).as(curve.module()).isGreaterThanOrEqualTo(0.4);
        }
    }

    @Test
    void aZeroReadoutIsFlatUntilItMoves() {
        String zero = MUP.replace("readout_gain: 1", "readout_gain: 0");
        CoordCheckResult result = check(spec("gpt", zero, "{type: adamw, lr: 0.01, weight_decay: 0}"), OPTIONS);
        CoordCurve logits = result.curves().get(result.curves().size() - 1);
        assertThat(logits.l1()[0]).containsOnly(0);
        assertThat(result.l1Slope(logits, 0)).isNaN();
        assertThat(result.passed()).isTrue();
    }

    @Test
    void theChangeOfAProductIsItsOwnAndWhatReachedIt() {
        CoordCheckResult result = check(spec("gpt", SP, "{type: sgd, lr: 1e-3, momentum: 0}"),
                new CoordCheckOptions(List.of(16, 32), 1, 2, 0.2));
        CoordCurve first = result.curves().stream().filter(c -> c.effective() != null).findFirst().orElseThrow();
        for (int w = 0; w < 2; w++) {
            double both = first.effective()[1][w] + first.propagated()[1][w];
            assertThat(first.delta()[1][w]).isPositive().isLessThanOrEqualTo(both + 1e-9);
            assertThat(first.effective()[1][w]).isPositive();
            assertThat(first.propagated()[1][w]).isPositive();
        }
    }

    @Test
    void withoutARateNothingChanges() {
        CoordCheckResult result = check(spec("llama", SP, "{type: sgd, lr: 0}"),
                new CoordCheckOptions(List.of(16, 32), 2, 3, 0.2));
        for (CoordCurve curve : result.curves()) {
            assertThat(curve.l1()[2]).isEqualTo(curve.l1()[0]);
            assertThat(curve.delta()[2]).containsOnly(0);
        }
    }

    @Test
    void slopesAreThoseOfPowerLaws() {
        double[] widths = {10, 20, 80};
        assertThat(CoordCurve.slope(widths, new double[] {3 * Math.sqrt(10), 3 * Math.sqrt(20), 3 * Math.sqrt(80)}))
                .isCloseTo(0.5, within(1e-12));
        assertThat(CoordCurve.slope(widths, new double[] {1, 0, 1})).isNaN();
    }

    @Test
    void impossibleProtocolsAreRefused() {
        assertThatThrownBy(() -> new CoordCheckOptions(List.of(64, 32), 1, 4, 0.2)).isInstanceOf(ConfigException.class)
                .hasMessageContaining("ascending widths, found [64, 32]");
        assertThatThrownBy(() -> new CoordCheckOptions(List.of(32, 64), 1, 1, 0.2)).isInstanceOf(ConfigException.class);
        assertThatThrownBy(() -> check(spec("gpt", SP, "{type: sgd, lr: 1e30}"), OPTIONS))
                .isInstanceOf(ConfigException.class).hasMessageContaining("lower optimizer.lr");
    }
}
