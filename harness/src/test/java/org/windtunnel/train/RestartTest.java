package org.windtunnel.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.registry.Backends;
import org.windtunnel.data.Corpora;
import org.windtunnel.data.TokenCorpus;
import org.windtunnel.record.RunStatus;

/** Guards that send a run back to a checkpoint and past the batches that upset it. */
class RestartTest {
    private static final Pattern RESTART = Pattern.compile(
            "step (\\d+): the loss .* above the median .*; back to step (\\d+), leaving out (\\d+) batches");

    @TempDir
    Path temp;

    private static RunJob job(String guards, String checkpoint) {
        String yaml = ResumableRuns.job("adamw-gpt", checkpoint).givenYaml();
        return ResumableRuns.job("restart", yaml.replace("clip: 0.5", "clip: 0.5, guards: " + guards), null);
    }

    @Test
    void aRestartLeavesOutTheBatchesUpToTheSpike() throws IOException {
        // Low enough that the noise of small batches now and then counts as a spike.
        RunJob job = job("{on_spike: restart, sigmas: 3, window: 16, max_restarts: 1}", "{every: 10, every_seconds: 0}");
        Path run = temp.resolve("run");
        ResumableRuns.run(job, run);
        List<Matcher> restarts = Files.readAllLines(run.resolve("log.txt")).stream()
                .map(RESTART::matcher).filter(Matcher::find).toList();
        assertThat(restarts).hasSize(1);
        int trouble = Integer.parseInt(restarts.get(0).group(1));
        int back = Integer.parseInt(restarts.get(0).group(2));
        assertThat(back).isEqualTo((trouble - 1) / 10 * 10).isPositive();

        List<String> curve = Files.readAllLines(run.resolve("curve.jsonl"));
        assertThat(curve.size()).isGreaterThan(trouble);
        TokenCorpus corpus = Corpora.open(job.spec().data(), temp);
        ModelPlan plan = ModelPlan.of(job.spec(), corpus.shape());
        try (Backend backend = Backends.open(job.spec().runtime());
                RunSession session = new RunSession(plan, corpus, backend)) {
            for (int step = 0; step < curve.size(); step++) {
                if (step == back) {
                    session.shiftBatches(trouble - back);
                }
                session.step(step);
                JsonNode line = new ObjectMapper().readTree(curve.get(step));
                assertThat(line.get("step").asInt()).isEqualTo(step + 1);
                assertThat(line.get("loss").asDouble()).as("step %d", step).isEqualTo(session.loss());
            }
        }
    }

    @Test
    void aRunThatWasRestartedResumesLikeAnyOther() throws IOException {
        RunJob job = job("{on_spike: restart, sigmas: 3, window: 16, max_restarts: 100}", "{every: 10, every_seconds: 0, at_end: true}");
        Path straight = temp.resolve("straight");
        assertThat(ResumableRuns.run(job, straight).status()).isEqualTo(RunStatus.DONE);
        assertThat(straight.resolve("log.txt")).content().containsPattern(RESTART);
        Path cut = temp.resolve("cut");
        for (long until : new long[] {40, 90, 140}) {
            assertThat(ResumableRuns.run(job, cut, until).status()).isEqualTo(RunStatus.PREEMPTED);
        }
        ResumableRuns.run(job, cut);
        assertThat(ResumableRuns.result(cut)).isEqualTo(ResumableRuns.result(straight));
    }

    @Test
    void aRunThatCannotBeRestartedDivergesAndSaysWhy() throws IOException {
        String yaml = job("{on_divergence: restart, max_restarts: 2}", "{every: 0, every_seconds: 0}").givenYaml()
                .replace("lr: 0.01", "lr: 1e6").replace("clip: 0.5", "clip: 0");
        RunOutcome none = ResumableRuns.run(ResumableRuns.job("none", yaml, null), temp.resolve("none"));
        assertThat(none.status()).isEqualTo(RunStatus.DIVERGED);
        assertThat(none.reason()).endsWith("; there is no checkpoint to restart from");
        RunOutcome often = ResumableRuns.run(
                ResumableRuns.job("often", yaml.replace("every: 0,", "every: 1,"), null), temp.resolve("often"));
        assertThat(often.status()).isEqualTo(RunStatus.DIVERGED);
        assertThat(often.reason()).endsWith(", after 2 restarts");
    }
}
