package org.windtunnel.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.windtunnel.checkpoint.Checkpoints;
import org.windtunnel.config.ConfigException;
import org.windtunnel.record.RunDirectory;
import org.windtunnel.record.RunStatus;

/** A run that was cut off goes on as if nothing had happened. */
class ResumeTest {
    private static final String EVERY_50 = "{every: 50, every_seconds: 0, keep_last: 3, at_end: true}";

    @TempDir
    static Path shared;

    @TempDir
    Path temp;

    static List<String> combinations() {
        return ResumableRuns.combinations();
    }

    /** What a run that is never cut off gives; trained once for all tests. */
    private static List<Object> straight(RunJob job) throws IOException {
        Path directory = shared.resolve(job.runId());
        if (RunDirectory.statusOf(directory).isEmpty()) {
            assertThat(ResumableRuns.run(job, directory).status()).isEqualTo(RunStatus.DONE);
        }
        return ResumableRuns.result(directory);
    }

    @ParameterizedTest
    @MethodSource("combinations")
    void preemptedAndResumedIsTheSameRun(String combination) throws IOException {
        RunJob job = ResumableRuns.job(combination, EVERY_50);
        Path cut = temp.resolve("cut");
        RunOutcome preempted = ResumableRuns.run(job, cut, 117);
        assertThat(preempted.status()).isEqualTo(RunStatus.PREEMPTED);
        assertThat(preempted.steps()).isEqualTo(117);
        assertThat(RunDirectory.statusOf(cut)).contains(RunStatus.PREEMPTED);
        assertThat(new Checkpoints(cut).list()).containsOnlyKeys(50L, 100L, 117L);

        assertThat(ResumableRuns.run(job, cut).status()).isEqualTo(RunStatus.DONE);
        assertThat(ResumableRuns.result(cut)).isEqualTo(straight(job));
        assertThat(cut.resolve("PREEMPTED")).doesNotExist();
        assertThat(new Checkpoints(cut).list()).containsOnlyKeys(117L, 150L, 200L);
    }

    /** All runs in one process that is killed, each somewhere after its hundredth step, and continued in this one. */
    @Test
    void killedAndResumedIsTheSameRun() throws Exception {
        Process victim = KilledRuns.start(temp);
        boolean ready;
        try (var out = victim.inputReader()) {
            ready = out.lines().anyMatch(KilledRuns.READY::equals);
            victim.destroyForcibly().waitFor();
        }
        String said = Files.readString(temp.resolve("victim.log"));
        assertThat(ready).as("all runs held, else the process says why not: %s", said).isTrue();
        assertThat(victim.exitValue()).as("killed by signal 9").isEqualTo(128 + 9);
        for (String combination : ResumableRuns.combinations()) {
            Path cut = temp.resolve(combination);
            assertThat(Files.readAllLines(cut.resolve("curve.jsonl"))).hasSizeGreaterThan(100);
            assertThat(RunDirectory.statusOf(cut)).isEmpty();
            RunJob job = ResumableRuns.job(combination, EVERY_50);
            assertThat(ResumableRuns.run(job, cut).status()).isEqualTo(RunStatus.DONE);
            assertThat(cut.resolve("log.txt")).content().contains("going on from the checkpoint of step 100");
            assertThat(ResumableRuns.result(cut)).as(combination).isEqualTo(straight(job));
        }
    }

    /** Or the test above would wait for a process that waits for a run that is over. */
    @Test
    void aRunThatEndsEarlyIsNotWaitedFor() {
        assertThatThrownBy(() -> KilledRuns.hold(temp, "adamw-mlp", ResumableRuns.STEPS + 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("expected adamw-mlp to train beyond step 201, found it DONE after 200 steps");
        assertThatThrownBy(() -> KilledRuns.hold(temp, "lbfgs-mlp", 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("expected lbfgs-mlp to train beyond step 1, found it ")
                .hasMessageContaining("ConfigException");
    }

    private RunJob job() {
        return ResumableRuns.job("adamw-gpt", EVERY_50);
    }

    private Path preempted(String name) {
        Path directory = temp.resolve(name);
        ResumableRuns.run(job(), directory, 120);
        return directory;
    }

    @Test
    void aDamagedNewestCheckpointGivesWayToTheOneBefore() throws IOException {
        List<Damage> damages = List.of(
                run -> flip(newest(run).resolve("weights.safetensors"), 300),
                run -> flip(newest(run).resolve("optimizer.safetensors"), 4000),
                run -> flip(newest(run).resolve("checkpoint.json"), 30),
                run -> flip(newest(run).resolve("SHA256SUMS"), 10),
                run -> truncate(newest(run).resolve("optimizer.safetensors"), 100),
                run -> truncate(newest(run).resolve("SHA256SUMS"), 0),
                run -> dropLine(newest(run).resolve("SHA256SUMS"), "weights.safetensors"),
                run -> dropLine(newest(run).resolve("SHA256SUMS"), "optimizer.safetensors"),
                run -> Files.delete(newest(run).resolve("weights.safetensors")),
                run -> Files.delete(newest(run).resolve("SHA256SUMS")));
        for (int i = 0; i < damages.size(); i++) {
            Path run = preempted("damaged-" + i);
            damages.get(i).to(run);
            assertThat(ResumableRuns.run(job(), run).status()).isEqualTo(RunStatus.DONE);
            assertThat(run.resolve("log.txt")).content()
                    .contains("checkpoint step-00000120 is damaged: ")
                    .contains("going on from the checkpoint of step 100");
            assertThat(ResumableRuns.result(run)).as("damage %d", i).isEqualTo(straight(job()));
        }
    }

    @Test
    void damagedLogsSendTheRunBackToWhereTheyWereWhole() throws IOException {
        Path torn = preempted("torn");
        Files.writeString(torn.resolve("curve.jsonl"), "{\"step\":121,\"tok", StandardOpenOption.APPEND);
        Path late = preempted("late");
        flip(late.resolve("curve.jsonl"), (int) Files.size(late.resolve("curve.jsonl")) - 40);
        Path early = preempted("early");
        flip(early.resolve("eval.jsonl"), 12);
        for (Path run : List.of(torn, late, early)) {
            assertThat(ResumableRuns.run(job(), run).status()).isEqualTo(RunStatus.DONE);
            assertThat(ResumableRuns.result(run)).isEqualTo(straight(job()));
        }
        assertThat(torn.resolve("log.txt")).content().contains("going on from the checkpoint of step 120");
        assertThat(late.resolve("log.txt")).content()
                .contains("checkpoint step-00000120 cannot be used: curve.jsonl has lost or changed what was logged before")
                .contains("going on from the checkpoint of step 100");
        assertThat(early.resolve("log.txt")).content().contains("the run starts over");
    }

    @Test
    void otherDataOrAnotherExperimentIsRefused() throws IOException {
        Path text = temp.resolve("text.txt");
        Files.writeString(text, "the quick brown fox ".repeat(500));
        String yaml = """
                name: resumable
                model: {family: gpt, width: 16, depth: 1, head_dim: 8, context: 16}
                data: {type: text, train: [%s]}
                optimizer: {type: sgd, lr: 0.1}
                train: {steps: 20, batch: 2, eval_sequences: 4}
                """.formatted(text);
        Path run = temp.resolve("run");
        RunJob job = ResumableRuns.job("text", yaml, null);
        ResumableRuns.run(job, run, 10);
        RunJob other = ResumableRuns.job("text", yaml.replace("lr: 0.1", "lr: 0.2"), null);
        assertThatThrownBy(() -> ResumableRuns.run(other, run))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("is of another experiment (text)");
        Files.writeString(text, "the quick brown cat ".repeat(500));
        assertThatThrownBy(() -> ResumableRuns.run(job, run))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("was trained on other data");
        assertThat(new Checkpoints(run).list()).containsKey(10L);
        Files.writeString(text, "the quick brown fox ".repeat(500));
        assertThat(ResumableRuns.run(job, run).status()).isEqualTo(RunStatus.DONE);
    }

    @Test
    void aNewerFormatIsRefusedAndLeftAlone() throws IOException {
        Path run = preempted("newer");
        Path meta = newest(run).resolve("checkpoint.json");
        String newer = Files.readString(meta).replace("\"format\" : 1", "\"format\" : 2");
        Files.writeString(meta, newer);
        Path sums = newest(run).resolve("SHA256SUMS");
        Files.writeString(sums, Files.readString(sums).replaceAll(
                "[0-9a-f]{64}(?=  checkpoint.json)", org.windtunnel.checkpoint.Sha256.of(newer)));
        assertThatThrownBy(() -> ResumableRuns.run(job(), run))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("format 2, this program knows 1");
        assertThat(meta).hasContent(newer);
    }

    @Test
    void thePolicyKeepsTheLastTheMultiplesTheListedAndTheBest() {
        Path run = temp.resolve("policy");
        ResumableRuns.run(ResumableRuns.job("adamw-gpt",
                "{every: 20, every_seconds: 0, keep_last: 1, keep_every: 60, keep_at: [33, 70]}"), run);
        assertThat(new Checkpoints(run).list()).containsOnlyKeys(33L, 60L, 70L, 120L, 180L);
    }

    @Test
    void thePolicyKeepsTheBestEvaluation() throws IOException {
        Path run = temp.resolve("best");
        String yaml = ResumableRuns.job("adamw-gpt", "{every: 30, every_seconds: 0, keep_last: 1, keep_best: true}").givenYaml();
        // The rate grows without end, so that the loss is lowest somewhere on the way.
        ResumableRuns.run(ResumableRuns.job("best", yaml.replace("{type: cosine, warmup: 20}", "{type: constant, warmup: 200}")
                .replace("lr: 0.01", "lr: 0.5"), null), run);
        long best = 0;
        double lowest = Double.POSITIVE_INFINITY;
        for (String line : Files.readAllLines(run.resolve("eval.jsonl"))) {
            double loss = Double.parseDouble(line.replaceAll(".*\"loss\":([^,]+).*", "$1"));
            if (loss < lowest) {
                lowest = loss;
                best = Long.parseLong(line.replaceAll(".*\"step\":([^,]+).*", "$1"));
            }
        }
        assertThat(best).isLessThan(180);
        assertThat(new Checkpoints(run).list()).containsOnlyKeys(best, 180L);
    }

    @Test
    void aFinishedRunExecutedAgainStartsOver() throws IOException {
        Path run = temp.resolve("again");
        ResumableRuns.run(job(), run);
        List<Object> first = ResumableRuns.result(run);
        ResumableRuns.run(job(), run);
        assertThat(ResumableRuns.result(run)).isEqualTo(first);
        assertThat(run.resolve("log.txt")).content().doesNotContain("going on");
    }

    @FunctionalInterface
    private interface Damage {
        void to(Path run) throws IOException;
    }

    private static Path newest(Path run) {
        return new Checkpoints(run).list().lastEntry().getValue();
    }

    private static void flip(Path file, int at) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[at] ^= 1;
        Files.write(file, bytes);
    }

    private static void dropLine(Path file, String with) throws IOException {
        Files.write(file, Files.readAllLines(file).stream().filter(line -> !line.contains(with)).toList());
    }

    private static void truncate(Path file, int bytes) throws IOException {
        Files.write(file, java.util.Arrays.copyOf(Files.readAllBytes(file), bytes));
    }
}
