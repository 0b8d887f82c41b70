package org.windtunnel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.record.RunDirectory;

/** Commands from end to end: what a user types, sees and gets as exit code. */
class CommandLineTest {
    private static final String TINY =
            """
            name: tiny
            model: {family: gpt, width: 16, depth: 1, head_dim: 8, context: 16}
            data: {type: markov, vocab: 32, validation_tokens: 8192}
            optimizer: {type: adamw, lr: 0.01}
            train: {steps: 12, batch: 4, eval_sequences: 16}
            """;
    private static final String SWEEP =
            """
            sweep:
              workers: 2
              grids:
                - model.width: [16, 32]
                  optimizer.lr: [0.003, 0.01, 1e9]
            """;

    @TempDir
    Path temp;

    private final Console console = new Console();
    private String out;
    private String err;

    private int windtunnel(String... args) {
        int code = console.run(args);
        out = console.out();
        err = console.err();
        return code;
    }

    private int onConfig(String command, String yaml, String... more) throws IOException {
        Path config = Files.writeString(temp.resolve("x.yaml"), yaml);
        List<String> args = new ArrayList<>(List.of(
                command, config.toString(), "--runs", temp.resolve("runs").toString()));
        args.addAll(List.of(more));
        return windtunnel(args.toArray(String[]::new));
    }

    private List<Path> runs(String sweep) throws IOException {
        try (Stream<Path> dirs = Files.list(temp.resolve("runs").resolve(sweep))) {
            return dirs.filter(Files::isDirectory).sorted().toList();
        }
    }

    @Test
    void aSweepTrainsWhatIsMissingAndSaysWhatItFound() throws IOException {
        assertThat(onConfig("sweep", TINY + SWEEP)).isZero();
        assertThat(out).contains("6 runs, 6 to do").contains("4 done, 2 diverged, 0 failed").contains("report: ");
        List<Path> runs = runs("tiny");
        assertThat(runs).hasSize(6);
        assertThat(runs).allSatisfy(r -> assertThat(RunDirectory.statusOf(r)).isPresent());

        Path lost = runs.get(0);
        Files.delete(lost.resolve("DONE"));
        byte[] kept = Files.readAllBytes(runs.get(1).resolve("curve.jsonl"));
        byte[] curve = Files.readAllBytes(lost.resolve("curve.jsonl"));
        assertThat(onConfig("sweep", TINY + SWEEP)).isZero();
        assertThat(out).contains("6 runs, 1 to do");
        assertThat(lost.resolve("DONE")).exists();
        assertThat(Files.readAllBytes(runs.get(1).resolve("curve.jsonl"))).isEqualTo(kept);
        assertThat(losses(Files.readString(lost.resolve("curve.jsonl"))))
                .isEqualTo(losses(new String(curve, StandardCharsets.UTF_8)));
    }

    private static List<String> losses(String curve) {
        return curve.lines().map(l -> l.replaceAll(".*(\"loss\":[^,]+).*", "$1")).toList();
    }

    @Test
    void aDryRunListsAndTrainsNothing() throws IOException {
        assertThat(onConfig("sweep", TINY + SWEEP, "--dry-run")).isZero();
        assertThat(out).contains("w16-lr0.003_").contains("to do").contains("6 runs");
        assertThat(temp.resolve("runs")).doesNotExist();
    }

    @Test
    void trainRunsOnceAndReportsItsEnd() throws IOException {
        assertThat(onConfig("train", TINY)).isZero();
        assertThat(out).contains("DONE after 12 steps");
        assertThat(onConfig("train", TINY)).isZero();
        assertThat(out).contains("is DONE already");
        assertThat(onConfig("train", TINY, "--set", "optimizer.lr=1e9")).isEqualTo(ExitCode.DIVERGED.code());
        assertThat(runs("tiny")).hasSize(2);
    }

    @Test
    void transferComparesSizesThatAreThere() throws IOException {
        String yaml = TINY.replace("steps: 12", "steps: 4") + "sweep:\n  grids:\n    - model.depth: [1, 2]\n"
                + "      optimizer.lr: {log2_range: [-9, -5, 2]}\n      seed: [1, 2]\n";
        assertThat(onConfig("sweep", yaml)).isZero();
        String sweep = temp.resolve("runs").resolve("tiny").toString();
        assertThat(windtunnel("transfer", sweep, "--over", "model.depth", "--tolerance", "0.5")).isZero();
        assertThat(out).contains("best learning rate per depth").contains("±0.5 octaves per doubling");
        assertThat(out.lines().filter(line -> line.matches(" +sp +[12] .*"))).hasSize(2);
        assertThat(windtunnel("transfer", sweep, "--lr", "train.batch")).isEqualTo(ExitCode.BAD_INPUT.code());
        assertThat(err).contains("three or more values of train.batch").doesNotContain("\tat ");
        assertThat(windtunnel("transfer", temp.resolve("none").toString())).isEqualTo(ExitCode.BAD_INPUT.code());
    }

    @Test
    void benchTimesEveryOptimizerOnTheModelOfAConfig() throws IOException {
        assertThat(onConfig("bench", TINY, "--rounds", "3")).as(err).isZero();
        assertThat(out).contains("a copy moves").contains("Newton-Schulz GFLOPS");
        for (String optimizer : List.of("sgd", "adamw", "sgd_sai", "apollo", "apollo_mini", "muon", "muonh")) {
            assertThat(out.lines().filter(line -> line.strip().startsWith(optimizer + " "))).hasSize(1);
        }
        assertThat(onConfig("bench", TINY, "--optimizers", "lion")).isEqualTo(ExitCode.BAD_INPUT.code());
        assertThat(err).contains("expected one of sgd, adamw");
    }

    @Test
    void trainsWithSquaredError() throws IOException {
        assertThat(onConfig("train", TINY.replace("batch: 4", "batch: 4, loss: mse"))).as(err).isZero();
        String first = Files.readAllLines(runs("tiny").get(0).resolve("curve.jsonl")).get(0);
        // 32 logits of unit variance: half of 32 and of the one-hot vector's 1, where cross entropy has ln 32 = 3.5.
        double loss = Double.parseDouble(first.replaceAll(".*\"loss\":([0-9.]+).*", "$1"));
        assertThat(loss).isBetween(10.0, 25.0);
    }

    @Test
    void planShowsTablesCountsAndTime() throws IOException {
        assertThat(onConfig("plan", TINY)).isZero();
        assertThat(out)
                .contains("transformer.h.0.attn.c_attn.weight")
                .contains("non-embedding")
                .contains("optimizer state")
                .contains("measured steps");
    }

    @Test
    void configPrintsDefaultsAndExplains() throws IOException {
        Path config = Files.writeString(temp.resolve("x.yaml"), TINY);
        assertThat(windtunnel("config", config.toString(), "--set", "model.depth=3")).isZero();
        assertThat(out).contains("depth: 3").contains("beta2: 0.95").contains("type: \"constant\"".replace("\"", ""));
        assertThat(windtunnel("config", "--explain")).isZero();
        assertThat(out).contains("eval_sequences").contains("family: llama").contains("[tokens]").contains("grids");
        assertThat(windtunnel("config")).isEqualTo(ExitCode.BAD_INPUT.code());
    }

    @Test
    void mistakesAreOneClearErrorAndTheirExitCode() throws IOException {
        mistake(
                TINY.replace("width: 16", "widht: 16"),
                2,
                "x.yaml:2:22: model.widht: unknown key; did you mean width?");
        mistake(
                TINY.replace("width: 16", "width: sixteen"),
                2,
                "model.width: expected an integer (such as 64, 1e9, 500k or 1.5B), found sixteen");
        mistake(TINY.replace("name: tiny\n", ""), 2, "name: missing key");
        mistake(TINY + "name: again\n", 2, "duplicate key");
        mistake(TINY + "\t- x\n", 2, "tab");
        mistake(TINY.replace("width: 16", "width: 20"), 2, "width 20 is not a multiple of head_dim 8");
        mistake(TINY.replace("context: 16", "context: 9000"), 2, "9001 validation tokens for context 9000");
        mistake(
                TINY.replace(
                        "{type: markov, vocab: 32, validation_tokens: 8192}", "{type: text, train: [nowhere.txt]}"),
                2,
                "nowhere.txt");
        mistake(TINY.replace("batch: 4", "batch: 4, micro_batch: 3"), 2, "batch 4 and micro_batch 3");
        mistake(TINY + "runtime: {precision: fp64}\n", 2, "fp64");
        mistake(TINY.replace("batch: 4", "batch: 4, loss: mse, z_loss: 1e-4"), 2, "z_loss 0 with loss mse");
        assertThat(windtunnel("train", temp.resolve("no.yaml").toString())).isEqualTo(2);
        assertThat(err).contains("no such file").doesNotContain("\tat ");
        assertThat(windtunnel("train")).isEqualTo(2);
        assertThat(windtunnel("nonsense")).isEqualTo(2);
    }

    private void mistake(String yaml, int code, String message) throws IOException {
        assertThat(onConfig("train", yaml)).as(err).isEqualTo(code);
        assertThat(err).contains(message).doesNotContain("\tat ").doesNotContain("Exception");
    }

    @Test
    void aBackendThatIsNotThereIsRefusedBeforeAnythingIsWritten() throws IOException {
        String[] wanted = Files.exists(Path.of("/dev/nvidiactl"))
                ? new String[] {"runtime.precision=bf16", "runtime.precision: the cpu backend computes in fp32"}
                : new String[] {"runtime.backend=cuda", "runtime.backend: cuda cannot be used"};
        for (String command : List.of("train", "sweep")) {
            String yaml = command.equals("train") ? TINY : TINY + SWEEP;
            assertThat(onConfig(command, yaml, "--set", wanted[0])).isEqualTo(2);
            assertThat(err).contains(wanted[1]).doesNotContain("\tat ");
            assertThat(temp.resolve("runs")).doesNotExist();
        }
        assertThat(onConfig("train", TINY)).isZero();
        Path run = runs("tiny").get(0);
        assertThat(onConfig("train", TINY, "--again", "--set", wanted[0])).isEqualTo(2);
        assertThat(run.resolve("DONE")).exists();
        assertThat(run.resolve("FAILED")).doesNotExist();
        assertThat(Files.readAllLines(run.resolve("curve.jsonl"))).hasSize(12);
    }

    @Test
    void aPlaceThatCannotBeWrittenAndARunOfAnotherOwner() throws IOException {
        Path file = Files.writeString(temp.resolve("file"), "");
        Path config = Files.writeString(temp.resolve("x.yaml"), TINY);
        assertThat(windtunnel("train", config.toString(), "--runs", file.toString()))
                .isEqualTo(ExitCode.CANNOT_WRITE.code());
        assertThat(err).contains("cannot write").contains("--runs").doesNotContain("\tat ");

        assertThat(onConfig("train", TINY)).isZero();
        Path run = runs("tiny").get(0);
        Files.delete(run.resolve("DONE"));
        try (RunDirectory owner = RunDirectory.open(run)) {
            assertThat(onConfig("train", TINY)).isEqualTo(ExitCode.OWNED.code());
            assertThat(err).contains("owned by another process");
            assertThat(owner.path().resolve("curve.jsonl")).isNotEmptyFile();
        }
    }

    @Test
    void aReportOfADirectoryWithoutRunsIsRefusedAndWritesNothing() throws IOException {
        Path empty = Files.createDirectories(temp.resolve("other/notes")).getParent();
        assertThat(windtunnel("report", empty.toString(), "--png", empty.resolve("png").toString()))
                .isEqualTo(ExitCode.BAD_INPUT.code());
        assertThat(err).contains("found no runs in " + empty).doesNotContain("\tat ");
        assertThat(out).isEmpty();
        try (Stream<Path> files = Files.list(empty)) {
            assertThat(files).containsExactly(empty.resolve("notes"));
        }
    }

    @Test
    void verifyPassesOnGoldenFilesAndFailsOnADeviation() throws IOException {
        Path golden = temp.resolve("schedules.json");
        try (var in = getClass().getResourceAsStream("/golden/schedules.json")) {
            Files.copy(in, golden);
        }
        assertThat(windtunnel("verify", golden.toString())).isZero();
        String text = Files.readString(golden);
        Files.writeString(golden, text.replaceFirst("9\\.999999999999999e-05", "9.9e-05"));
        assertThat(windtunnel("verify", golden.toString())).isEqualTo(ExitCode.FAILED.code());
    }

    @Test
    void doctorMeasures() {
        assertThat(windtunnel("doctor", "--threads", "2")).isZero();
        assertThat(out).contains("sgemm").contains("GFLOPS");
    }

    @Test
    void aCoordinateCheckSaysWhatDependsOnWidth() throws IOException {
        String mup = "parameterization={type: mup, base_width: 16, embedding_std: 1}";
        assertThat(onConfig("coord-check", TINY, "--set", mup, "--png", temp.resolve("png").toString())).isZero();
        assertThat(out)
                .contains("widths [16, 32, 64, 128], 3 seeds", "transformer.h.0.attn.qkv", "PASSED: 11 of 11 modules");
        assertThat(temp.resolve("runs/tiny/coord-check.html")).isNotEmptyFile();
        assertThat(temp.resolve("png/coord-check.png")).isNotEmptyFile();
        assertThat(onConfig(
                        "coord-check",
                        TINY,
                        "--set",
                        "parameterization={type: sp, embedding_std: 1}",
                        "--widths",
                        "16,128",
                        "--seeds",
                        "1"))
                .isEqualTo(ExitCode.FAILED.code());
        assertThat(out).containsPattern("transformer\\.h\\.0\\.mlp +.*FAILED .*delta t2 \\+");
        assertThat(onConfig("coord-check", TINY, "--widths", "32,16")).isEqualTo(ExitCode.BAD_INPUT.code());
    }
}
