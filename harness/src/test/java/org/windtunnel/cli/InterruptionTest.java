package org.windtunnel.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.faults.Program;
import org.windtunnel.record.RunDirectory;
import org.windtunnel.record.RunStatus;

/** Signals, killed workers, cancelled sweeps: what a scheduler does to a job, done to the real program. */
class InterruptionTest {
    private static final String RUN =
            """
            name: cut
            model: {family: gpt, width: 16, depth: 1, head_dim: 8, context: 16}
            data: {type: markov, vocab: 32, validation_tokens: 8192}
            optimizer: {type: adamw, lr: 0.01}
            schedule: {type: linear}
            train: {steps: 1200, batch: 4, eval_sequences: 16, eval_every: 300}
            checkpoint: {every: 100, every_seconds: 0}
            """;
    /** Long enough that a fast machine does not finish a run between two looks at it. */
    private static final String SWEEP = RUN.replace("steps: 1200", "steps: 4800")
            + """
            sweep:
              workers: 2
              grids: [{optimizer.lr: [0.003, 0.004, 0.005, 0.006]}]
            """;

    @TempDir
    Path temp;

    private Path config;
    private Path runs;
    private String out;

    @BeforeEach
    void config() {
        config = temp.resolve("x.yaml");
        runs = temp.resolve("runs");
    }

    private int windtunnel(String... args) {
        PrintStream old = System.out;
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(bytes, true, StandardCharsets.UTF_8));
            return Main.run(args);
        } finally {
            System.setOut(old);
            out = bytes.toString(StandardCharsets.UTF_8);
        }
    }

    private int onConfig(Path root, String... command) {
        List<String> args = new ArrayList<>(List.of(command));
        args.addAll(List.of(config.toString(), "--runs", root.toString()));
        return windtunnel(args.toArray(String[]::new));
    }

    private Program program(String... command) throws IOException {
        List<String> args = new ArrayList<>(List.of(command));
        args.addAll(List.of(config.toString(), "--runs", runs.toString()));
        return Program.start(temp.resolve("out.txt"), args.toArray(String[]::new));
    }

    private static List<Path> directories(Path root) {
        if (!Files.isDirectory(root.resolve("cut"))) {
            return List.of();
        }
        try (Stream<Path> dirs = Files.list(root.resolve("cut"))) {
            return dirs.filter(Files::isDirectory).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static long lines(Path run) {
        Path curve = run.resolve("curve.jsonl");
        try {
            return Files.exists(curve) ? Files.readAllLines(curve).size() : 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String curve(Path run) throws IOException {
        return (Files.readString(run.resolve("curve.jsonl")) + Files.readString(run.resolve("eval.jsonl")))
                .replaceAll(",\"(tokens_per_s|time_s)\":[^,}]+", "");
    }

    @Test
    void everySignalSavesTheRunAndItGoesOnAsIfNothingHadHappened() throws Exception {
        Files.writeString(config, RUN);
        assertThat(onConfig(temp.resolve("straight"), "train")).isZero();
        try (Program program = program("train")) {
            program.await(() -> directories(runs).stream().anyMatch(run -> lines(run) > 50));
            program.signal("TERM");
            assertThat(program.exitCode()).as(program.output()).isEqualTo(75);
            assertThat(program.output())
                    .contains("SIGTERM: the run ends after this step")
                    .contains("windtunnel resume");
        }
        Path run = directories(runs).get(0);
        for (String signal : List.of("USR1", "INT")) {
            assertThat(RunDirectory.statusOf(run)).contains(RunStatus.PREEMPTED);
            long before = lines(run);
            try (Program program = Program.start(temp.resolve("out.txt"), "resume", run.toString())) {
                program.await(() -> lines(run) > before + 50);
                program.signal(signal);
                assertThat(program.exitCode()).as(program.output()).isEqualTo(75);
            }
        }
        assertThat(windtunnel("resume", run.toString())).isZero();
        assertThat(out).contains("DONE after 1200 steps");
        assertThat(curve(run)).isEqualTo(curve(directories(temp.resolve("straight")).get(0)));
        assertThat(windtunnel("resume", run.toString())).isZero();
        assertThat(out).contains("is DONE already");
    }

    @Test
    void aSecondSignalStopsAtOnce() throws Exception {
        Files.writeString(config, RUN.replace("width: 16", "width: 256").replace("context: 16", "context: 128")
                .replace("batch: 4", "batch: 64"));
        try (Program program = program("train")) {
            program.await(() -> directories(runs).stream().anyMatch(run -> Files.exists(run.resolve("curve.jsonl"))));
            program.signal("TERM");
            program.await(() -> contains(program, "a second signal"));
            program.signal("TERM");
            assertThat(program.exitCode()).isEqualTo(128 + 15);
        }
        assertThat(RunDirectory.statusOf(directories(runs).get(0))).isEmpty();
    }

    private static boolean contains(Program program, String text) {
        try {
            return program.output().contains(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void aSweepSurvivesAKilledWorkerASignalAndCancellation() throws Exception {
        Files.writeString(config, SWEEP);
        assertThat(onConfig(temp.resolve("straight"), "sweep")).isZero();
        try (Program program = program("sweep")) {
            // Both workers are in the middle of a run, so whichever is killed leaves one to be resumed.
            program.await(() -> directories(runs).stream().filter(run -> lines(run) > 300).count() >= 2);
            program.children().get(0).destroyForcibly();
            program.await(() -> directories(runs).stream().anyMatch(InterruptionTest::wasResumed));
            program.signal("TERM");
            assertThat(program.exitCode()).as(program.output()).isEqualTo(75);
            assertThat(program.output()).contains("the same command does the rest");
            assertThat(program.children()).isEmpty();
        }
        assertThat(onConfig(runs, "sweep", "status")).isZero();
        assertThat(out).contains("preempted").contains("4 runs:");
        try (Program program = program("sweep")) {
            program.await(() -> contains(program, " to do, in"));
            program.await(() -> directories(runs).stream().anyMatch(RunDirectory::isOwned));
            assertThat(onConfig(runs, "sweep", "status")).isZero();
            assertThat(out).contains("running");
            assertThat(onConfig(runs, "sweep", "cancel")).isZero();
            assertThat(program.exitCode()).as(program.output()).isEqualTo(75);
            assertThat(program.output()).contains("stopped (cancelled)");
        }
        assertThat(onConfig(runs, "sweep", "retry", "--failed")).isZero();
        List<Path> straight = directories(temp.resolve("straight"));
        List<Path> cut = directories(runs);
        assertThat(cut).hasSize(4);
        for (int i = 0; i < 4; i++) {
            assertThat(RunDirectory.statusOf(cut.get(i))).contains(RunStatus.DONE);
            assertThat(curve(cut.get(i))).isEqualTo(curve(straight.get(i)));
        }
        assertThat(onConfig(runs, "sweep", "status")).isZero();
        assertThat(out).contains("4 done");
    }

    private static boolean wasResumed(Path run) {
        try {
            return Files.exists(run.resolve("log.txt"))
                    && Files.readString(run.resolve("log.txt")).contains("going on from the checkpoint");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
