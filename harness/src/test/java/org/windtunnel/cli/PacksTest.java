package org.windtunnel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which runs a sweep puts together, as its dry run says. */
class PacksTest {
    private static final String SWEEP =
            """
            name: packs
            model: {family: gpt, width: 16, depth: 1, head_dim: 8, context: 16}
            data: {type: markov, vocab: 32, validation_tokens: 8192}
            optimizer: {type: adamw, lr: 0.01}
            schedule: {type: wsd, warmup: 2}
            train: {steps: 12, batch: 4, eval_sequences: 16}
            runtime: {backend: cuda}
            sweep:
              grids:
                - model.width: [16, 32]
                  optimizer.lr: [0.003, 0.01, 0.03]
                  schedule.warmup: [2, 4]
              seeds: [1, 2]
            """;

    @TempDir
    Path temp;

    private final Console console = new Console();

    /** Sizes of the packs. */
    private List<Integer> packs(String... more) throws IOException {
        Path config = Files.writeString(temp.resolve("x.yaml"), SWEEP);
        List<String> arguments =
                new ArrayList<>(List.of("sweep", config.toString(), "--runs", temp.toString(), "--dry-run"));
        arguments.addAll(List.of(more));
        assertThat(console.run(arguments.toArray(String[]::new))).as(console.err()).isZero();
        return console.out().lines()
                .filter(line -> line.startsWith("at once on one GPU, as far as its memory goes: "))
                .map(line -> Integer.valueOf(line.replaceAll(".*: (\\d+) runs, .*", "$1")))
                .toList();
    }

    @Test
    void runsOfOneShapeAreAPack() throws IOException {
        assertThat(packs()).containsExactly(12, 12);
        assertThat(console.out()).contains("12 runs, ").containsPattern("; [\\d.]+ [KM]iB and more\\R");
    }

    @Test
    void aPackIsCutEvenlyAndOnlyWhereThereIsAReason() throws IOException {
        assertThat(packs("--set", "sweep.pack=10")).containsExactly(6, 6, 6, 6);
        assertThat(packs("--workers", "2")).containsExactly(12, 12);
        assertThat(packs("--workers", "3")).containsExactly(6, 6, 12);
        assertThat(packs("--workers", "100")).isEmpty();
        assertThat(packs("--set", "sweep.pack=1")).isEmpty();
    }

    @Test
    void onTheCpuEachRunIsByItself() throws IOException {
        assertThat(packs("--set", "runtime.backend=cpu")).isEmpty();
    }

    @Test
    void withoutGraphsThereIsNothingToStack() throws IOException {
        assertThat(packs("--set", "runtime.cuda_graphs=false")).isEmpty();
    }

    @Test
    void aPackHasFromOneToSixtyFourRuns() throws IOException {
        Path config = Files.writeString(temp.resolve("x.yaml"), SWEEP);
        for (String wrong : List.of("0", "65", "auto")) {
            int code = console.run("sweep", config.toString(), "--dry-run", "--set", "sweep.pack=" + wrong);
            assertThat(code).isEqualTo(2);
            assertThat(console.err()).contains("sweep.pack").contains("found " + wrong);
        }
    }
}
