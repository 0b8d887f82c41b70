package org.windtunnel.faults;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.windtunnel.checkpoint.Checkpoints;
import org.windtunnel.cli.Main;

/** Small runs for the fault tests, and what must be the same whatever happened to them. */
final class FaultRuns {
    private static final String TIMES = ",\"((tokens_per_s|mfu|time_s|cost_share)\":[^,}]+|cost_s\":\\{[^}]*})";

    private FaultRuns() {}

    static String yaml(int steps, int every) {
        return """
                name: faults
                model: {family: llama, width: 16, depth: 1, head_dim: 8, context: 16}
                data: {type: markov, vocab: 32, validation_tokens: 8192}
                optimizer: {type: adamw, lr: 0.01}
                schedule: {type: linear}
                train: {steps: %d, batch: 4, eval_sequences: 8, eval_every: %d}
                diagnostics: {every: 50}
                checkpoint: {every: %d, every_seconds: 0, at_end: true}
                """.formatted(steps, Math.max(1, steps / 4), every);
    }

    /** The command line in this process. */
    record Outcome(int code, String out, String err) {}

    static Outcome windtunnel(String... args) {
        PrintStream oldOut = System.out;
        PrintStream oldErr = System.err;
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code;
        try {
            System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(err, true, StandardCharsets.UTF_8));
            code = Main.run(args);
        } finally {
            System.setOut(oldOut);
            System.setErr(oldErr);
        }
        return new Outcome(code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
    }

    static List<Path> runs(Path root) {
        Path sweep = root.resolve("faults");
        if (!Files.isDirectory(sweep)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(sweep)) {
            return entries.filter(Files::isDirectory).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static long lines(Path run) {
        try {
            byte[] bytes = Files.exists(run.resolve("curve.jsonl"))
                    ? Files.readAllBytes(run.resolve("curve.jsonl"))
                    : new byte[0];
            return new String(bytes, StandardCharsets.UTF_8).lines().count();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Logs without what depends on the clock, and the hash of the final state. */
    static String result(Path run, long steps) {
        return logs(run) + new Checkpoints(run).at(steps).hash();
    }

    /** What a run logged, times aside. */
    static String logs(Path run) {
        try {
            StringBuilder text = new StringBuilder();
            for (String log : List.of("curve.jsonl", "eval.jsonl", "diag.jsonl")) {
                text.append(Files.readString(run.resolve(log)).replaceAll(TIMES, ""));
            }
            return text.toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
