package org.windtunnel.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.analysis.curve.Run;
import org.windtunnel.analysis.curve.RunTable;
import org.windtunnel.checkpoint.Checkpoints;
import org.windtunnel.record.RunDirectory;
import org.windtunnel.record.RunStatus;

/** Cooldowns from one trunk are the runs that they would have been from their first step. */
class BranchTest {
    private static final String TRUNK =
            """
            name: tree
            model: {family: gpt, width: 16, depth: 1, head_dim: 8, context: 16}
            data: {type: markov, vocab: 32, validation_tokens: 8192}
            optimizer: {type: adamw, lr: 0.01}
            schedule: {type: constant, warmup: 10}
            train: {steps: 100, batch: 4, eval_sequences: 16}
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

    private int onConfig(String command, String yaml, Path runs, String... more) throws IOException {
        Path config = Files.writeString(temp.resolve("x.yaml"), yaml);
        List<String> args = new ArrayList<>(List.of(command, config.toString()));
        if (!command.equals("config")) {
            args.addAll(List.of("--runs", runs.toString()));
        }
        args.addAll(List.of(more));
        return windtunnel(args.toArray(String[]::new));
    }

    private static Path only(Path runs, String prefix) throws IOException {
        try (Stream<Path> dirs = Files.list(runs.resolve("tree"))) {
            List<Path> found = dirs.filter(d -> d.getFileName().toString().startsWith(prefix)).toList();
            assertThat(found).hasSize(1);
            return found.get(0);
        }
    }

    private static List<String> log(Path run, String file) throws IOException {
        return Files.readAllLines(run.resolve(file)).stream()
                .map(line -> line.replaceAll(",\"(tokens_per_s|time_s)\":[^,}]+", ""))
                .toList();
    }

    @Test
    void aBranchIsTheRunThatItWouldHaveBeenFromItsFirstStep() throws IOException {
        Path runs = temp.resolve("runs");
        assertThat(onConfig("train", TRUNK, runs, "--set", "checkpoint.keep_at=[60]")).isZero();
        Path trunk = only(runs, "tree_");
        assertThat(windtunnel("branch", trunk.toString(), "--at", "60", "--steps", "40")).as(err).isZero();
        assertThat(out).contains("DONE after 100 steps");
        Path branch = only(runs, "tree-at60_");

        String scratch = TRUNK.replace("{type: constant, warmup: 10}", "{type: wsd, warmup: 10, decay: 40}");
        assertThat(onConfig("train", scratch, temp.resolve("scratch"), "--set", "checkpoint.at_end=true")).isZero();
        Path whole = only(temp.resolve("scratch"), "tree_");
        assertThat(log(branch, "curve.jsonl")).isEqualTo(log(whole, "curve.jsonl").subList(60, 100));
        assertThat(log(branch, "eval.jsonl")).isEqualTo(log(whole, "eval.jsonl"));

        JsonNode parent = new ObjectMapper().readTree(branch.resolve("manifest.json").toFile()).get("parent");
        assertThat(parent.get("run_id").asText()).isEqualTo(trunk.getFileName().toString());
        assertThat(parent.get("step").asLong()).isEqualTo(60);
        assertThat(parent.get("checkpoint").asText()).isEqualTo(new Checkpoints(trunk).at(60).hash());

        Run read = RunTable.read(runs.resolve("tree")).runs().stream()
                .filter(r -> r.directory().equals(branch)).findFirst().orElseThrow();
        assertThat(read.curve().size()).as("the trunk's 60 steps and its own 40").isEqualTo(100);
        assertThat(read.curve().step()).containsExactly(
                LongStream.rangeClosed(1, 100).toArray());
        assertThat(read.tokens()).isEqualTo(100 * 4 * 16);
        assertThat(read.parent().runId()).isEqualTo(trunk.getFileName().toString());
    }

    @Test
    void whatCannotBeContinuedIsRefused() throws IOException {
        Path runs = temp.resolve("runs");
        assertThat(onConfig("train", TRUNK, runs, "--set", "checkpoint.keep_at=[60]")).isZero();
        String trunk = only(runs, "tree_").toString();
        refused("has no checkpoint of step 61; it has [60]", "branch", trunk, "--at", "61");
        refused("from 1 to 100", "branch", trunk, "--at", "101");
        refused(
                "model: expected a branch to keep its trunk's",
                "branch",
                trunk,
                "--at",
                "60",
                "--set",
                "model.width=32");
        refused("train.batch", "branch", trunk, "--at", "60", "--set", "train.batch=8");
        refused("schedule.decay", "branch", trunk, "--at", "60", "--schedule", "{type: wsd, decay: x}");
        refused("expected more than 60", "branch", trunk, "--at", "60", "--set", "train.steps=60");
        refused("expected a run directory", "branch", temp.toString(), "--at", "60");
        Files.writeString(
                Path.of(trunk, "resolved.yaml"),
                Files.readString(Path.of(trunk, "resolved.yaml")).replace("lr: 0.01", "lr: 0.1"));
        refused("one of them was changed", "branch", trunk, "--at", "60");
    }

    private void refused(String message, String... args) {
        assertThat(windtunnel(args)).as(String.join(" ", args)).isEqualTo(2);
        assertThat(err).contains(message).doesNotContain("\tat ");
    }

    @Test
    void aSweepTrainsTrunksOnceAndTheirBranchesAfterThem() throws IOException {
        String sweep = TRUNK + """
                sweep:
                  workers: 2
                  grids: [{optimizer.lr: [0.003, 0.01]}]
                  branches:
                    - {at: [40, 0.8], steps: 20}
                    - {at: [100], steps: 0.2, schedule: {type: wsd, decay: 25, shape: linear}}
                """;
        Path runs = temp.resolve("runs");
        assertThat(onConfig("plan", sweep, runs, "--no-timing")).as(err).isZero();
        // Each trunk 100 steps and branches of 20, 20 and 25; from their first steps 60, 100 and 125.
        assertThat(out).contains("branches: 6 runs go on from 2 trunks; ");
        List<Double> flops = Pattern.compile("(\\S+)([MG])FLOP")
                .matcher(out.substring(out.indexOf("branches: ")))
                .results()
                .map(m -> Double.parseDouble(m.group(1)) * (m.group(2).equals("G") ? 1000 : 1))
                .toList();
        double trunks = flops.get(1);
        assertThat(flops.get(0)).isCloseTo(0.65 * trunks, withinPercentage(0.5));
        assertThat(flops.get(2)).isCloseTo(1.65 * trunks, withinPercentage(0.5));
        assertThat(flops.get(3)).as("100 + 60 + 100 + 125 steps").isCloseTo(3.85 * trunks, withinPercentage(0.5));
        assertThat(onConfig("sweep", sweep, runs, "--dry-run")).isZero();
        assertThat(out).contains("8 runs").contains("-at40_").contains("-at80_").contains("-at100_");
        assertThat(stepsPlanned(out)).isEqualTo(2 * (100 + 20 + 20 + 25));
        assertThat(onConfig("sweep", sweep, runs)).as(out + err).isZero();
        assertThat(out).contains("8 done, 0 diverged, 0 failed");
        for (Run run : RunTable.read(runs.resolve("tree")).runs()) {
            assertThat(RunDirectory.statusOf(run.directory())).contains(RunStatus.DONE);
            int own = Files.readAllLines(run.directory().resolve("curve.jsonl")).size();
            assertThat(own).isEqualTo(run.parent() == null ? 100 : run.curve().size() - (int) run.parent().step());
        }
        assertThat(onConfig("sweep", sweep, runs)).isZero();
        assertThat(out).contains("8 runs, 0 to do");

        assertThat(onConfig("sweep", sweep.replace("at: [40,", "at: [30,"), runs)).isEqualTo(2);
        assertThat(err).contains("is done and has no checkpoint of step 30, found [40, 80, 100]");
    }

    private static long stepsPlanned(String table) {
        return table.lines()
                .filter(line -> line.contains("to do"))
                .mapToLong(line -> Long.parseLong(line.trim().split(" +")[2]))
                .sum();
    }
}
