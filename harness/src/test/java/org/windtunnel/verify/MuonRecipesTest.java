package org.windtunnel.verify;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.config.MuonSpec;
import org.windtunnel.config.OptimizerSpec;

/** The README's settings of Muon's variants against the official codes' defaults and the golden files' replays of them. */
class MuonRecipesTest {

    private static MuonSpec recipe(String name) throws IOException {
        List<String> rows = Files.readAllLines(Path.of("..", "README.md")).stream()
                .filter(line -> line.startsWith("| " + name + " | `{type: muon"))
                .toList();
        assertThat(rows).as(name).hasSize(1);
        String yaml = rows.get(0).replaceAll(".*`(.*)`.*", "$1");
        return (MuonSpec) ConfigLoader.parse("""
                name: recipe
                model: {family: gpt, width: 16, depth: 1, head_dim: 8, context: 16}
                data: {type: markov, vocab: 32}
                optimizer: %s
                train: {steps: 10, batch: 2}
                """.formatted(yaml), "README").optimizer();
    }

    private static MuonSpec golden(String name) throws IOException {
        try (InputStream in = MuonRecipesTest.class.getResourceAsStream("/golden/muon.json")) {
            for (JsonNode c : new ObjectMapper().readTree(in).get("cases")) {
                if (c.get("name").asText().equals(name)) {
                    String optimizer = c.get("optimizer").asText();
                    return (MuonSpec) GoldenOptimizer.of(optimizer, c.get("config"), null, Map.of());
                }
            }
        }
        throw new AssertionError(name);
    }

    /** All but rates and decay, which the cases vary: those are the defaults that optimizers.md gives. */
    @ParameterizedTest
    @CsvSource({
        "Keller Jordan, muon_kj_defaults, 0.02, 0, 0.0003, 0",
        "Moonlight, muon_moonlight_defaults, 0.001, 0.1, 0.001, 0.1",
        "ArchScale, muon_archscale_spectral, 0.01, 0.01, 0.01, 0.01",
        "airbench, muon_airbench_conv, 0.24, 0, 0.24, 0"
    })
    void itIsTheOfficialOne(String name, String replayed, double lr, double decay, double otherLr, double otherDecay)
            throws IOException {
        MuonSpec found = recipe(name);
        MuonSpec expected = golden(replayed);
        assertThat(found.lr()).isEqualTo(lr);
        assertThat(found.weightDecay()).isEqualTo(decay);
        assertThat(found.auxiliary().lr()).isEqualTo(otherLr);
        assertThat(found.auxiliary().weightDecay()).isEqualTo(otherDecay);
        assertThat(found).usingRecursiveComparison()
                .ignoringFields("lr", "weightDecay", "adamw", "sgd")
                .isEqualTo(expected);
        if (found.auxiliary() instanceof OptimizerSpec.Sgd sgd) {
            assertThat(sgd.momentum()).isEqualTo(0.85);
            assertThat(sgd.nesterov()).isTrue();
            return;
        }
        assertThat(found.auxiliary()).usingRecursiveComparison()
                .ignoringFields("lr", "weightDecay", "decayed")
                .isEqualTo(expected.auxiliary());
    }
}
