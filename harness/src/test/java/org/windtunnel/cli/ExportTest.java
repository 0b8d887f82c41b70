package org.windtunnel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.checkpoint.SafetensorsFile;

/** {@code export} and {@code init} from end to end. */
class ExportTest {
    private static final String LLAMA =
            """
            name: source
            model: {family: llama, width: 16, depth: 1, head_dim: 8, context: 16}
            data: {type: markov, vocab: 32, validation_tokens: 8192}
            parameterization: {type: mup, base_width: 8}
            optimizer: {type: adamw, lr: 0.01, weight_decay: 0}
            train: {steps: 12, batch: 4, eval_sequences: 16}
            checkpoint: {at_end: true, keep_at: [6]}
            """;

    @TempDir
    Path temp;

    private final Console console = new Console();

    private int train(String... more) throws IOException {
        Path config = Files.writeString(temp.resolve("x.yaml"), LLAMA);
        return console.run(Stream.concat(Stream.of("train", config.toString(), "--runs",
                temp.resolve("runs").toString()),
                Stream.of(more)).toArray(String[]::new));
    }

    private Path run(String name) throws IOException {
        try (Stream<Path> runs = Files.list(temp.resolve("runs").resolve(name))) {
            return runs.filter(Files::isDirectory).findFirst().orElseThrow();
        }
    }

    private int export(String name, String file, String... more) throws IOException {
        List<String> args = List.of("export", run(name).toString(), "--to", "safetensors", "--out",
                temp.resolve(file).toString());
        return console.run(Stream.concat(args.stream(), Stream.of(more)).toArray(String[]::new));
    }

    private static double evalLoss(Path run) throws IOException {
        return Double.parseDouble(Files.readString(run.resolve("DONE"))
                .replaceAll("(?s).*\"eval_loss\"\\s*:\\s*([0-9.E-]+).*", "$1"));
    }

    @Test
    void aRunGoesOutAndComesBackBitForBit() throws IOException {
        assertThat(train()).isZero();
        assertThat(export("source", "a.safetensors")).as(console.err()).isZero();
        String init = "init=" + temp.resolve("a.safetensors");
        assertThat(train("--set", "name=copy", "--set", init, "--set", "optimizer.lr=0", "--set", "train.steps=1"))
                .as(console.err()).isZero();
        assertThat(evalLoss(run("copy"))).isEqualTo(evalLoss(run("source")));
        assertThat(Files.readString(run("copy").resolve("manifest.json"))).contains("\"init\"", "\"sha256\"");
        assertThat(export("copy", "b.safetensors")).isZero();
        try (SafetensorsFile a = SafetensorsFile.open(temp.resolve("a.safetensors"));
                SafetensorsFile b = SafetensorsFile.open(temp.resolve("b.safetensors"))) {
            assertThat(b.names()).isEqualTo(a.names()).contains("model.layers.0.self_attn.q_proj.weight");
            for (String name : a.names()) {
                assertThat(b.values(name)).as(name).isEqualTo(a.values(name));
            }
        }
        assertThat(export("source", "c.safetensors", "--step", "6")).isZero();
        assertThat(temp.resolve("c.safetensors")).isNotEmptyFile();
        assertThat(export("source", "d.safetensors", "--step", "5")).isEqualTo(ExitCode.BAD_INPUT.code());
        assertThat(console.err()).contains("has no checkpoint of step 5; it has [6, 12]").doesNotContain("\tat ");

        assertThat(train("--set", "name=other", "--set", init, "--set", "model.width=32"))
                .isEqualTo(ExitCode.BAD_INPUT.code());
        assertThat(console.err()).contains("is [32, 16], expected [32, 32]; it was made by model: {family: llama, "
                + "width: 16")
                .doesNotContain("\tat ");
        assertThat(train("--set", "name=none", "--set", "init=nowhere.safetensors"))
                .isEqualTo(ExitCode.BAD_INPUT.code());
        assertThat(console.err()).contains("init: ").contains("no such file");
    }
}
