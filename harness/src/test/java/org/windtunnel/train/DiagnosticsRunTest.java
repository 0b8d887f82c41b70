package org.windtunnel.train;

import static org.assertj.core.api.Assertions.assertThat;
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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.data.DataShape;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.StoragePolicy;

class DiagnosticsRunTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String ALL = "{every: 5, sharpness_every: 10, sharpness_steps: 6}";

    @TempDir
    Path temp;

    private static ExperimentSpec spec(String family, String parameterization, String optimizer, String diagnostics) {
        return ConfigLoader.parse("""
                name: watched
                model: {family: %s, width: 16, depth: 2, heads: 2, context: 16}
                data: {type: markov, vocab: 32}
                parameterization: %s
                optimizer: %s
                train: {steps: 20, batch: 8, micro_batch: 4, clip: 0.5, z_loss: 1e-4, eval_sequences: 3}
                diagnostics: %s
                """.formatted(family, parameterization, optimizer, diagnostics), "watched");
    }

    private List<JsonNode> lines(Path file) throws IOException {
        List<JsonNode> out = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            out.add(JSON.readTree(line));
        }
        return out;
    }

    private List<String> trajectory(String name) throws IOException {
        List<String> out = new ArrayList<>();
        for (String file : List.of("curve.jsonl", "eval.jsonl")) {
            for (JsonNode line : lines(temp.resolve(name).resolve(file))) {
                out.add(line.get("step") + " " + line.get("loss") + " " + line.get("grad_norm"));
            }
        }
        return out;
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt", "llama"})
    void nothingOfTheTrajectoryChanges(String family) throws IOException {
        String adam = "{type: adamw, lr: 0.01}";
        TinyRun.run(spec(family, "{type: sp}", adam, "{}"), temp.resolve("plain"));
        TinyRun.run(spec(family, "{type: sp}", adam, ALL), temp.resolve("watched"));
        assertThat(trajectory("watched")).hasSize(21).isEqualTo(trajectory("plain"));
        assertThat(temp.resolve("plain/diag.jsonl")).doesNotExist();
        List<JsonNode> diagnostics = lines(temp.resolve("watched/diag.jsonl"));
        assertThat(diagnostics).extracting(line -> line.get("step").asInt()).containsExactly(5, 10, 15, 20);
        assertThat(diagnostics).extracting(line -> line.has("sharpness")).containsExactly(false, true, false, true);
    }

    @Test
    void aLineHoldsWhatItShould() throws IOException {
        TinyRun.run(spec("gpt", "{type: sp}", "{type: sgd, lr: 0.1, momentum: 0}", ALL), temp);
        JsonNode line = lines(temp.resolve("diag.jsonl")).get(1);
        JsonNode curve = lines(temp.resolve("curve.jsonl")).get(9);
        double squares = 0;
        for (JsonNode p : line.get("params")) {
            double update = 0.1 * curve.get("clip").asDouble() * p.get("grad_norm").asDouble();
            assertThat(p.get("update_norm").asDouble()).isCloseTo(update, within(1e-4 * update + 1e-9));
            assertThat(p.get("update_ratio").asDouble())
                    .isCloseTo(p.get("update_norm").asDouble() / p.get("weight_norm").asDouble(), within(1e-6));
            squares += Math.pow(p.get("grad_norm").asDouble(), 2);
        }
        assertThat(Math.sqrt(squares)).isCloseTo(curve.get("grad_norm").asDouble(), within(1e-4));
        assertThat(line.at("/params/transformer.h.0.attn.c_attn.weight").has("top_singular_value")).isTrue();
        assertThat(line.at("/params/transformer.wte.weight").has("top_singular_value")).isFalse();
        assertThat(line.at("/activation_rms/transformer.ln_f").asDouble()).isCloseTo(1, within(0.05));
        assertThat(line.at("/attention/transformer.h.1.attn/entropy").asDouble()).isBetween(1.0, Math.log(16));
        assertThat(line.at("/sharpness/value").asDouble()).isPositive();
        assertThat(line.at("/clipped").asDouble()).isEqualTo(1);
        assertThat(line.at("/cost_s").properties()).extracting(e -> e.getKey())
                .containsExactly("norms", "forward", "spectrum", "sharpness");
        assertThat(line.at("/cost_share").asDouble()).isBetween(1e-6, 1.0);
    }

    @Test
    void anUntrainedModelHasKnownNumbers() throws IOException {
        String mup = "{type: mup, base_width: 16, readout_gain: 0, query_zero_init: true}";
        TinyRun.run(spec("gpt", mup, "{type: sgd, lr: 0}", ALL), temp);
        JsonNode line = lines(temp.resolve("diag.jsonl")).get(0);
        assertThat(line.at("/logit_z").asDouble()).isCloseTo(Math.log(32), within(1e-6));
        assertThat(line.at("/loss").asDouble()).isCloseTo(Math.log(32), within(1e-5));
        assertThat(line.at("/attention/transformer.h.0.attn/max_logit").asDouble()).isZero();
        double uniform = 0;
        for (int n = 1; n <= 16; n++) {
            uniform += Math.log(n) / 16;
        }
        assertThat(line.at("/attention/transformer.h.0.attn/entropy").asDouble()).isCloseTo(uniform, within(1e-4));
        for (JsonNode p : line.get("params")) {
            assertThat(p.get("update_norm").asDouble()).isZero();
        }
    }

    @Test
    void theirMemoryIsInTheLedger() {
        ExperimentSpec none = spec("gpt", "{type: sp}", "{type: sgd, lr: 0}", "{}");
        ExperimentSpec all = spec("gpt", "{type: sp}", "{type: sgd, lr: 0}", ALL);
        MemoryLedger without = ModelPlan.of(none, new DataShape.Tokens(32)).ledger(StoragePolicy.of(DType.FLOAT32));
        MemoryLedger with = ModelPlan.of(all, new DataShape.Tokens(32)).ledger(StoragePolicy.of(DType.FLOAT32));
        assertThat(without.diagnostics()).isZero();
        assertThat(with.diagnostics()).isBetween(4 * with.weights(), 5 * with.weights());
        assertThat(with.activations()).isEqualTo(without.activations());
    }
}
