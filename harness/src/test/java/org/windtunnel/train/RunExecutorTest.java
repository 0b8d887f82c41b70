package org.windtunnel.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.config.ModelSpec;
import org.windtunnel.config.RuntimeSpec;
import org.windtunnel.config.RuntimeSpec.BackendName;
import org.windtunnel.config.RuntimeSpec.Precision;
import org.windtunnel.record.RunDirectory;
import org.windtunnel.record.RunDirectoryException;
import org.windtunnel.record.RunStatus;

class RunExecutorTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path temp;

    @Test
    void aRunLearnsAndLeavesItsDirectory() throws IOException {
        RunOutcome outcome = TinyRun.run(TinyRun.spec(0.01, TinyRun.train(60, null, 1), TinyRun.cpu(1)), temp);
        assertThat(outcome.status()).isEqualTo(RunStatus.DONE);
        List<JsonNode> curve = lines("curve.jsonl");
        assertThat(curve).hasSize(60);
        assertThat(curve.get(0).get("loss").asDouble()).isCloseTo(Math.log(32), within(0.4));
        assertThat(curve.get(59).get("loss").asDouble()).isLessThan(curve.get(0).get("loss").asDouble() - 0.3);
        assertThat(curve.get(59).get("tokens").asLong()).isEqualTo(60 * 8 * 16);
        List<JsonNode> eval = lines("eval.jsonl");
        assertThat(eval).extracting(e -> e.get("step").asInt()).containsExactly(20, 40, 60);
        assertThat(eval.get(2).get("eval_tokens").asInt()).isEqualTo(160);
        JsonNode manifest = JSON.readTree(temp.resolve("manifest.json").toFile());
        assertThat(manifest.get("format").asInt()).isEqualTo(RunDirectory.FORMAT);
        assertThat(manifest.at("/params/total").asLong())
                .isEqualTo(manifest.at("/params/embedding").asLong() + manifest.at("/params/non_embedding").asLong());
        assertThat(manifest.at("/data/entropy_rate").asDouble()).isBetween(1.0, Math.log(32));
        assertThat(manifest.get("optimizer_state_bytes").asLong())
                .isEqualTo(8 * manifest.at("/params/total").asLong());
        JsonNode done = JSON.readTree(temp.resolve("DONE").toFile());
        assertThat(done.get("eval_loss").asDouble()).isEqualTo(outcome.evalLoss());
        assertThat(done.get("eval_loss").asDouble()).isGreaterThan(manifest.at("/data/entropy_rate").asDouble());
        assertThat(temp.resolve("config.yaml")).hasContent("given: 1");
    }

    @Test
    void sameSeedSameBitsWithAnyNumberOfThreads() throws IOException {
        List<String> one = losses(TinyRun.cpu(1), "a");
        assertThat(losses(TinyRun.cpu(1), "b")).isEqualTo(one);
        assertThat(losses(TinyRun.cpu(2), "c")).isEqualTo(one);
    }

    @Test
    void theReferenceBackendTrainsToTheSameLosses() throws IOException {
        ExperimentSpec cpu = TinyRun.spec(0.01, TinyRun.train(4, null, 1), TinyRun.cpu(1));
        ExperimentSpec nd4j = TinyRun.spec(
                0.01, TinyRun.train(4, null, 1), new RuntimeSpec(BackendName.ND4J, 1, Precision.FP64));
        double a = TinyRun.run(cpu, temp.resolve("a")).evalLoss();
        double b = TinyRun.run(nd4j, temp.resolve("b")).evalLoss();
        assertThat(a).isCloseTo(b, within(1e-4));
    }

    @Test
    void microBatchesAverageByTokens() throws IOException {
        TinyRun.run(TinyRun.spec(0.01, TinyRun.train(20, null, 0), TinyRun.cpu(1)), temp.resolve("whole"));
        TinyRun.run(TinyRun.spec(0.01, TinyRun.train(20, 2, 0), TinyRun.cpu(1)), temp.resolve("split"));
        List<JsonNode> whole = lines("whole/curve.jsonl");
        List<JsonNode> split = lines("split/curve.jsonl");
        for (int i = 0; i < 20; i++) {
            assertThat(split.get(i).get("loss").asDouble())
                    .isCloseTo(whole.get(i).get("loss").asDouble(), within(2e-5));
        }
    }

    @Test
    void aDivergedRunIsMarkedAndKeepsItsCurve() throws IOException {
        RunOutcome outcome = TinyRun.run(TinyRun.spec(1e6, TinyRun.train(60, null, 0), TinyRun.cpu(1)), temp);
        assertThat(outcome.status()).isEqualTo(RunStatus.DIVERGED);
        assertThat(outcome.steps()).isLessThan(60);
        assertThat(lines("curve.jsonl")).hasSize((int) outcome.steps());
        assertThat(JSON.readTree(temp.resolve("DIVERGED").toFile()).get("reason").asText()).contains("loss");
        assertThat(temp.resolve("DONE")).doesNotExist();
    }

    @Test
    void anImpossibleExperimentIsMarkedFailed() {
        ExperimentSpec spec = TinyRun.spec(0.01, TinyRun.train(10, 3, 1), TinyRun.cpu(1));
        assertThatThrownBy(() -> TinyRun.run(spec, temp))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("batch 8 and micro_batch 3");
        assertThat(RunDirectory.statusOf(temp)).contains(RunStatus.FAILED);
    }

    @Test
    void aModelBeyondTheIndexRangeIsRefused() {
        ExperimentSpec tiny = TinyRun.spec(0.01, TinyRun.train(10, null, 1), TinyRun.cpu(1));
        ModelSpec huge = new ModelSpec.Gpt(32768, 2, 256, null, 16, 4, false, true, ModelSpec.Activation.RELU, 1e-5);
        ExperimentSpec spec = new ExperimentSpec(
                "huge", huge, tiny.data(), tiny.parameterization(), tiny.optimizer(), tiny.schedule(), tiny.train(),
                tiny.runtime(), tiny.checkpoint(), tiny.diagnostics(), 1, null);
        assertThatThrownBy(() -> TinyRun.run(spec, temp))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("at most 2^31 - 1 parameters");
        assertThat(temp.resolve("curve.jsonl")).doesNotExist();
    }

    @Test
    void aRunOfAnotherOwnerIsLeftAlone() {
        ExperimentSpec spec = TinyRun.spec(0.01, TinyRun.train(2, null, 1), TinyRun.cpu(1));
        try (RunDirectory owner = RunDirectory.open(temp)) {
            owner.writeText("curve.jsonl", "{}\n");
            assertThatThrownBy(() -> TinyRun.run(spec, temp)).isInstanceOf(RunDirectoryException.class);
            assertThat(temp.resolve("curve.jsonl")).hasContent("{}");
            assertThat(temp.resolve("FAILED")).doesNotExist();
        }
    }

    private List<String> losses(RuntimeSpec runtime, String name) throws IOException {
        TinyRun.run(TinyRun.spec(0.01, TinyRun.train(30, 4, 1), runtime), temp.resolve(name));
        List<String> out = new ArrayList<>();
        for (JsonNode line : lines(name + "/curve.jsonl")) {
            out.add(line.get("loss").asText() + " " + line.get("grad_norm").asText());
        }
        assertThat(out).hasSize(30);
        return out;
    }

    private List<JsonNode> lines(String file) throws IOException {
        List<JsonNode> out = new ArrayList<>();
        for (String line : Files.readAllLines(temp.resolve(file))) {
            out.add(JSON.readTree(line));
        }
        return out;
    }
}
