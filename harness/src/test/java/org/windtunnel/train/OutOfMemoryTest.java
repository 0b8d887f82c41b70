package org.windtunnel.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.backend.OutOfMemory;
import org.windtunnel.checkpoint.Checkpoints;
import org.windtunnel.record.RunDirectory;
import org.windtunnel.record.RunStatus;

/** Memory that runs out under a run ends or restarts it, as its config says; what was saved stays. */
class OutOfMemoryTest {
    private static final String EVERY_50 = "{every: 50, every_seconds: 0, keep_last: 3, at_end: true}";

    @TempDir
    Path temp;

    private static RunJob job(String runtime) {
        return ResumableRuns.job("adamw-gpt", ResumableRuns.job("adamw-gpt", EVERY_50).givenYaml() + runtime, null);
    }

    /** Takes the memory away at a step, as often as told. */
    private static RunOutcome run(RunJob job, Path directory, Error error, int times) {
        int[] left = {times};
        try (RunExecutor executor = new RunExecutor(Path.of("."))) {
            return executor.execute(job, directory, (step, steps, loss, speed) -> {
                if (step == 120 && left[0]-- > 0) {
                    if (error != null) {
                        throw error;
                    }
                    throw new OutOfMemory("no 8 GiB for activations", null);
                }
            });
        }
    }

    @Test
    void aRunGoesOnFromItsNewestCheckpointWhenThereIsMemoryAgain() throws IOException {
        Path straight = temp.resolve("straight");
        ResumableRuns.run(job(""), straight);
        Path run = temp.resolve("run");
        RunJob job = job("runtime: {on_out_of_memory: restart}\n");
        assertThat(job.identity()).isEqualTo(job("").identity());
        assertThat(run(job, run, null, 1).status()).isEqualTo(RunStatus.DONE);
        assertThat(run.resolve("log.txt")).content()
                .contains("out of memory (no 8 GiB for activations); restart 1 of 3 in 2 s")
                .contains("going on from the checkpoint of step 100");
        assertThat(ResumableRuns.result(run)).isEqualTo(ResumableRuns.result(straight));
    }

    @Test
    void aRunThatIsToStopFailsAndKeepsItsCheckpoints() {
        for (Error error : new Error[] {null, new OutOfMemoryError("Java heap space")}) {
            Path run = temp.resolve("run-" + (error == null));
            assertThatThrownBy(() -> run(job(""), run, error, 1)).isInstanceOfAny(OutOfMemory.class, OutOfMemoryError.class);
            assertThat(RunDirectory.statusOf(run)).contains(RunStatus.FAILED);
            assertThat(new Checkpoints(run).list()).containsOnlyKeys(50L, 100L);
        }
    }
}
