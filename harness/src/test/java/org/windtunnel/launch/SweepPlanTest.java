package org.windtunnel.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.config.ModelSpec;

class SweepPlanTest {
    private static final String BASE =
            """
            name: tiny
            model: {family: gpt, width: 32, depth: 1, head_dim: 16, context: 16}
            data: {type: markov}
            optimizer: {type: adamw, lr: 0.01}
            train: {steps: 10, batch: 4}
            """;

    @TempDir
    Path temp;

    private List<PlannedRun> expand(String sweep, String... overrides) {
        try {
            Path file = Files.writeString(temp.resolve("x.yaml"), BASE + sweep);
            return SweepPlan.expand(
                    ConfigLoader.load(file, List.of(overrides)),
                    spec -> Map.of("params.non_embedding", 100.0 * spec.model().width()));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void aFileWithoutASweepIsOneRun() {
        List<PlannedRun> runs = expand("");
        assertThat(runs).hasSize(1);
        assertThat(runs.get(0).runId()).matches("tiny_[0-9a-f]{8}");
    }

    @Test
    void gridsAreProductsAndTheirUnionHasNoDuplicates() {
        List<PlannedRun> runs = expand(
                """
                sweep:
                  grids:
                    - parameterization: [{type: sp}, {type: mup, base_width: 32}]
                      model.width: [32, 64]
                      optimizer.lr: {log2_range: [-8, -6, 1]}
                    - model.width: [64, 128]
                      optimizer.lr: [0.0078125]
                """);
        assertThat(runs).hasSize(13);
        PlannedRun mup = runs.stream().filter(r -> r.slug().equals("mup-w64-lr0.0078125")).findFirst().orElseThrow();
        assertThat(mup.axes())
                .containsEntry("parameterization.type", "mup")
                .containsEntry("parameterization.base_width", 32L)
                .containsEntry("model.width", 64L)
                .containsEntry("optimizer.lr", 0.0078125);
        assertThat(mup.spec().model().width()).isEqualTo(64);
        assertThat(runs).extracting(PlannedRun::runId).doesNotHaveDuplicates();
    }

    @Test
    void seedsLabelsListsAndDerivedValues() {
        List<PlannedRun> runs = expand(
                """
                sweep:
                  seeds: [1, 2]
                  runs:
                    - {model.width: {label: small, value: 32}}
                    - {model.width: 64}
                  derived: {train.tokens: 20 * params.non_embedding, train.eval_every: "max(1, model.width / 32)"}
                """,
                "train.steps=null");
        assertThat(runs).extracting(PlannedRun::slug).containsExactly("small-s1", "small-s2", "w64-s1", "w64-s2");
        assertThat(runs).extracting(r -> r.spec().train().tokens()).containsExactly(64000L, 64000L, 128000L, 128000L);
        assertThat(runs.get(2).spec().train().evalEvery()).isEqualTo(2);
        assertThat(runs.get(1).axes()).containsEntry("seed", 2L).containsEntry("train.tokens", 64000L);
    }

    @Test
    void randomDrawsAreReproducibleAndInRange() {
        String sweep =
                """
                sweep:
                  random: {count: 50, seed: 3, axes: {optimizer.lr: {log_uniform: [0.001, 0.1]}, model.width: [32, 64]}}
                """;
        List<PlannedRun> runs = expand(sweep);
        assertThat(runs).extracting(PlannedRun::runId).isEqualTo(
                expand(sweep).stream().map(PlannedRun::runId).toList());
        assertThat(runs).hasSize(50).allSatisfy(
                r -> assertThat(r.spec().optimizer().lr()).isBetween(0.001, 0.1));
        assertThat(runs.stream().filter(r -> r.spec().model().width() == 32).count()).isBetween(10L, 40L);
        assertThat(runs.stream().filter(r -> r.spec().optimizer().lr() < 0.01).count()).isBetween(10L, 40L);
    }

    @Test
    void idsDoNotDependOnRuntimeNameOrFormatting() {
        String id = expand("").get(0).hash();
        assertThat(expand("", "runtime={threads: 2}", "name=other").get(0).hash()).isEqualTo(id);
        assertThat(expand("", "optimizer={lr: 1e-2, type: adamw}").get(0).hash()).isEqualTo(id);
        assertThat(expand("", "optimizer.lr=0.02").get(0).hash()).isNotEqualTo(id);
    }

    @Test
    void aRunThatCannotBeNamesItsAxes() {
        assertThatThrownBy(() -> expand("sweep: {grids: [{model.width: [32, 40]}]}"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("{model.width=40}")
                .hasMessageContaining("not a multiple of head_dim 16");
        assertThatThrownBy(() -> expand("sweep: {grids: [{model.widht: [32]}]}"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("did you mean width?");
        assertThatThrownBy(() -> expand("sweep: {grids: [{optimizer.lr: 3}]}"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("x.yaml:6:32: optimizer.lr: expected a list of values");
    }

    @Test
    void derivedExpressionsSayWhatIsWrong() {
        assertThatThrownBy(() -> expand("sweep: {derived: {train.tokens: 20 * params.nonembedding}}"))
                .hasMessageContaining("sweep.derived.train.tokens")
                .hasMessageContaining("character 6: there is no number named params.nonembedding");
        assertThat(Expression.evaluate("2 ^ 3 ^ 2 - -1 * (4 + 6e1) / 2", n -> null)).isEqualTo(544);
        assertThat(Expression.evaluate("round(a.b * 1.26) + log2(8)", n -> n.equals("a.b") ? 10.0 : null)).isEqualTo(16);
        assertThatThrownBy(() -> Expression.evaluate("1 / 0", n -> null)).hasMessageContaining("Infinity");
        assertThatThrownBy(() -> Expression.evaluate("1 +", n -> null)).hasMessageContaining("found the end");
    }

    @Test
    void tenThousandRunsExpandInSeconds() {
        // CPU time, because a busy machine says nothing about the code.
        ThreadMXBean clock = ManagementFactory.getThreadMXBean();
        long start = clock.getCurrentThreadCpuTime();
        List<PlannedRun> runs = expand(
                """
                sweep:
                  grids:
                    - optimizer.lr: {geometric: [0.0001, 0.1, 100]}
                      optimizer.weight_decay: {geometric: [0.01, 1, 100]}
                """);
        assertThat(runs).hasSize(10_000);
        double seconds = (clock.getCurrentThreadCpuTime() - start) / 1e9;
        System.out.printf(Locale.ROOT, "10,000 runs expanded in %.1f s of CPU time%n", seconds);
        assertThat(seconds).isLessThan(5);
    }

    @Test
    void slugsAreSafeFileNames() {
        List<PlannedRun> runs = expand("sweep: {runs: [{optimizer.lr: {label: ../../etc, value: 0.1}}]}");
        assertThat(runs.get(0).slug()).matches("[A-Za-z0-9_+][A-Za-z0-9.+_-]*").doesNotContain("/");
    }

    @Test
    void anAxisOverASectionDoesNotUndoOneOverItsKey() {
        List<PlannedRun> runs = expand(
                "sweep: {grids: [{optimizer.lr: [0.1, 0.2], optimizer: [{type: sgd, lr: 1}]}]}");
        assertThat(runs).extracting(r -> r.spec().optimizer().lr()).containsExactly(0.1, 0.2);
        assertThat(runs).extracting(PlannedRun::slug).containsExactly("lr0.1-sgd", "lr0.2-sgd");
    }

    @Test
    void axesThatWouldCollapseIntoOneRunAreRefused() {
        assertThatThrownBy(() -> expand("sweep: {grids: [{runtime.threads: [1, 2]}]}"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("runtime.threads: expected an axis that changes what a run computes");
        assertThatThrownBy(() -> expand("sweep: {grids: [{name: [a, b]}]}")).hasMessageContaining("--set name=");
    }

    @Test
    void sweepsThatCannotBeMeantAreRefusedBeforeTheyAreExpanded() {
        assertThatThrownBy(() -> expand("sweep: {grids: [{optimizer.lr: {geometric: [1, 2, 1e9]}}]}"))
                .hasMessageContaining("a count from 2 to 100000");
        assertThatThrownBy(() -> expand("sweep: {grids: [{optimizer.lr: {log2_range: [-1, 1, 1e-12]}}]}"))
                .hasMessageContaining("at most 100000 values");
        assertThatThrownBy(() -> expand("sweep: {random: {count: 1e9, axes: {optimizer.lr: {uniform: [0, 1]}}}}"))
                .hasMessage("sweep: expected at most 100000 runs, found 1000000000; shorten an axis, or draw from it "
                        + "with random");
        String axis = ": {geometric: [0.1, 1, 1000]}";
        assertThatThrownBy(() -> expand("sweep: {grids: [{optimizer.lr" + axis + ", optimizer.eps" + axis + "}]}"))
                .hasMessageContaining("found 1000000");
        assertThatThrownBy(() -> expand("sweep: {derived: {model.depth: \"" + "(".repeat(100_000) + "\"}}"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("at most 1000 characters");
    }

    @Test
    void derivedBudgetsAreRoundedOtherWholeNumbersAreNot() {
        assertThat(expand("sweep: {derived: {train.steps: 10.4}}").get(0).spec().train().steps()).isEqualTo(10);
        assertThatThrownBy(() -> expand("sweep: {derived: {model.depth: model.width / 24}}"))
                .hasMessageContaining("sweep.derived.model.depth: model.depth: expected an integer, found 1.33");
        assertThat(((ModelSpec.Gpt) expand("sweep: {derived: {model.depth: round(model.width / 24)}}").get(0).spec().model()).depth())
                .isEqualTo(1);
    }

    @Test
    void aLabelIsANameAndAValueAndNothingElse() {
        assertThatThrownBy(() -> expand("sweep: {grids: [{model.width: [{label: a, value: 32, x: 1}]}]}"))
                .hasMessageContaining("x.yaml:6:32: expected {label: NAME, value: ...} and nothing else");
    }

    @Test
    void axesDoNotDependOnTheLocale() {
        String sweep = "sweep: {grids: [{optimizer.lr: {log2_range: [-10, -9, 1]}}]}";
        List<String> ids = expand(sweep).stream().map(PlannedRun::runId).toList();
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.GERMANY);
            assertThat(expand(sweep)).extracting(PlannedRun::runId).isEqualTo(ids);
        } finally {
            Locale.setDefault(before);
        }
    }
}
