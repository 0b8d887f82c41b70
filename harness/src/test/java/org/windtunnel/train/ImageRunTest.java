package org.windtunnel.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.registry.Backends;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.data.Dataset;
import org.windtunnel.record.RunStatus;

/** Runs on images, from the config to what they leave in the run directory. */
class ImageRunTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final String YAML = """
            name: images
            model: {family: resnet, width: 4, blocks: [1, 1]}
            data: {type: shapes, channels: 2, classes: 3, label_noise: 0, augment: {flip: true, mixup: 0.2}}
            optimizer: {type: adamw, lr: 0.01}
            train: {steps: 60, batch: 32, eval_sequences: 100}
            checkpoint: {every_seconds: 0, at_end: true}
            """;

    private static final String MLP =
            YAML.replace("family: resnet, width: 4, blocks: [1, 1]", "family: mlp, width: 16, depth: 2");

    @TempDir
    Path temp;

    private Path run(String name, String yaml) {
        Path directory = temp.resolve(name);
        assertThat(ResumableRuns.run(ResumableRuns.job(name, yaml, null), directory).status()).isEqualTo(RunStatus.DONE);
        return directory;
    }

    /** Neither threads, nor diagnostics (which evaluate, and pass backwards, on batches of their own), change a bit. */
    @Test
    void threadsAndDiagnosticsDoNotChangeTheRun() throws IOException {
        Path plain = run("plain", YAML);
        Path threads = run("threads", YAML + "runtime: {threads: 2}\n");
        Path observed = run("observed", YAML + "diagnostics: {every: 20, sharpness_every: 40}\n");
        for (Path other : List.of(threads, observed)) {
            assertThat(ResumableRuns.log(other, "curve.jsonl")).isEqualTo(ResumableRuns.log(plain, "curve.jsonl"));
            assertThat(ResumableRuns.log(other, "eval.jsonl")).isEqualTo(ResumableRuns.log(plain, "eval.jsonl"));
            assertThat(ResumableRuns.state(other, 60)).isEqualTo(ResumableRuns.state(plain, 60));
        }
        assertThat(Files.readAllLines(observed.resolve("diag.jsonl"))).hasSize(3);
    }

    @Test
    void errorsAndDataAreRecorded() throws IOException {
        Path run = run("learns", YAML.replace("mixup: 0.2", "mixup: 0").replace("steps: 60", "steps: 150")
                .replace("label_noise: 0", "label_noise: 0.1"));
        JsonNode eval = JSON.readTree(Files.readAllLines(run.resolve("eval.jsonl")).get(0));
        double error = eval.get("error").asDouble();
        assertThat(error).as("three shapes can be told apart better than by chance").isLessThan(0.5);
        assertThat(error * 100).isEqualTo(Math.rint(error * 100), within(1e-9));
        assertThat(eval.get("accuracy").asDouble()).isEqualTo(1 - error);
        JsonNode done = JSON.readTree(run.resolve("DONE").toFile());
        assertThat(done.get("eval_error").asDouble()).isEqualTo(error);
        assertThat(done.get("tokens").asLong()).isEqualTo(150 * 32);
        JsonNode manifest = JSON.readTree(run.resolve("manifest.json").toFile());
        assertThat(manifest.get("unit").asText()).isEqualTo("images");
        JsonNode data = manifest.get("data");
        assertThat(data.get("pixel_mean")).hasSize(2);
        assertThat(data.get("pixel_std").get(0).asDouble()).isBetween(0.1, 0.4);
        assertThat(data.get("bayes_error").asDouble()).isEqualTo(0.1 * 2 / 3, within(1e-12));
        assertThat(data.get("train_images").isNull()).isTrue();
    }

    /** A row of pixels is enough to tell some shapes apart; diagnostics do not change a bit here either. */
    @Test
    void aPerceptronLearns() throws IOException {
        Path run = run("mlp", MLP);
        JsonNode eval = JSON.readTree(Files.readAllLines(run.resolve("eval.jsonl")).get(0));
        assertThat(eval.get("error").asDouble()).as("by chance 0.67").isLessThan(0.4);
        Path observed = run("observed", MLP + "diagnostics: {every: 20, sharpness_every: 40}\n");
        assertThat(ResumableRuns.state(observed, 60)).isEqualTo(ResumableRuns.state(run, 60));
        Path init = run.resolve("manifest.json");
        assertThatThrownBy(() -> run("init", MLP + "init: " + init + "\n")).isInstanceOf(ConfigException.class)
                .hasMessageContaining("expected a model of family gpt, llama, resnet or dl4j");
        String deeper = MLP + "parameterization: {type: depth_mup, base_width: 16, base_depth: 1}\n";
        assertThatThrownBy(() -> run("depth", deeper))
                .isInstanceOf(ConfigException.class).hasMessageContaining("such as sp or mup");
    }

    static List<String> configs() {
        return List.of(YAML, MLP);
    }

    @ParameterizedTest
    @MethodSource("configs")
    void theLedgerIsWhatIsAllocated(String yaml) {
        ExperimentSpec spec = ConfigLoader.parse(yaml + "diagnostics: {every: 20}\n", "test");
        Dataset data = new Datasets(temp).open(spec.data());
        ModelPlan plan = ModelPlan.of(spec, data.shape());
        try (Backend backend = Backends.open(spec.runtime());
                RunSession session = new RunSession(plan, data, backend)) {
            MemoryLedger ledger = plan.ledger(backend.storagePolicy());
            assertThat(session.allocatedBytes()).isEqualTo(ledger.total() - ledger.checkpoint());
        }
    }

    @Test
    void modelsAndDataThatDoNotFitAreRefused() {
        String tokens = YAML.replaceAll("data: .*", "data: {type: markov}");
        assertThatThrownBy(() -> run("tokens", tokens)).isInstanceOf(ConfigException.class)
                .hasMessageContaining("expected a model of tokens for data of tokens of a vocabulary of 128");
        String gpt = YAML.replaceAll("model: .*", "model: {family: gpt, width: 8, depth: 1, heads: 1, context: 8}");
        assertThatThrownBy(() -> run("gpt", gpt)).isInstanceOf(ConfigException.class)
                .hasMessageContaining("expected a model of images for data of images of 2 x 16 x 16 in 3 classes");
        assertThatThrownBy(() -> run("depth", YAML.replace("blocks: [1, 1]", "depth: 9")))
                .isInstanceOf(ConfigException.class).hasMessageContaining("expected a depth of 6 n + 2 layers");
        assertThatThrownBy(() -> run("both", YAML.replace("blocks: [1, 1]", "blocks: [1], depth: 8")))
                .isInstanceOf(ConfigException.class).hasMessageContaining("exactly one of depth and blocks, found both");
    }
}
