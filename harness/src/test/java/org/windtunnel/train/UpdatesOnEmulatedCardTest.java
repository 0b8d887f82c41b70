package org.windtunnel.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.windtunnel.backend.cuda.CudaBackend;
import org.windtunnel.backend.cuda.EmulatedDevice;
import org.windtunnel.backend.cuda.Operands;

/** Every optimizer on the emulated card: whole steps are replayed, and nothing of them is waited for. */
class UpdatesOnEmulatedCardTest {
    private static final int STEPS = 9;
    private static final String GPT = "{family: gpt, width: 8, depth: 1, head_dim: 4, context: 8, bias: true}";
    private static final String SGD = "{type: sgd, lr: 0.05, momentum: 0.9, weight_decay: 0.1}";
    private static final String ADAMW = "{type: adamw, lr: 0.02}";

    @TempDir
    Path temp;

    private EmulatedDevice device;
    private final long[] downloads = new long[STEPS + 1];

    private static RunJob job(String optimizer, String guards) {
        return ResumableRuns.job("updates", """
                name: updates
                model: %s
                data: {type: markov, vocab: 16, validation_tokens: 256}
                optimizer: %s
                schedule: {type: cosine, warmup: 4}
                train: {steps: %d, batch: 4, micro_batch: 2, clip: 0.3, eval_every: 0, eval_sequences: 4, log_every: 1, %s}
                checkpoint: {every_seconds: 0, at_end: true}
                """.formatted(GPT, optimizer, STEPS, guards), null);
    }

    private void run(RunJob job, String name, boolean graphs, Preemption preemption, int until) {
        device = new EmulatedDevice();
        try (RunExecutor executor = new RunExecutor(
                Path.of("."), preemption, spec -> new CudaBackend(device, Operands.FP32, graphs))) {
            executor.execute(job, temp.resolve(name), (step, steps, loss, speed) -> {
                downloads[(int) step] = device.downloads();
                if (step == until) {
                    preemption.request("the test");
                }
            });
        }
    }

    private void run(RunJob job, String name, boolean graphs) {
        run(job, name, graphs, new Preemption(), STEPS + 1);
    }

    private List<Object> result(String name) throws IOException {
        Path run = temp.resolve(name);
        return List.of(ResumableRuns.log(run, "curve.jsonl"), ResumableRuns.state(run, STEPS));
    }

    private List<Double> losses(String name) throws IOException {
        return ResumableRuns.log(temp.resolve(name), "curve.jsonl").stream()
                .map(line -> Double.valueOf(line.replaceAll(".*\"loss\":([^,]+),.*", "$1")))
                .toList();
    }

    @ParameterizedTest
    @ValueSource(strings = {SGD, ADAMW, "{type: sgd_sai, lr: 0.005, gain: max_normalised}", "{type: sgd_sai, lr: 0.005}",
        "{type: muon, lr: 0.02, weight_decay: 0.1, momentum_warmup: 6, cautious_decay: true}",
        "{type: muon, lr: 0.02, nesterov: false, normalize: true, sgd: {lr: 0.05}}",
        "{type: muonh, lr: 0.02, weight_decay: 0.1}", "{type: muonh, lr: 0.02, radius: initial}",
        "{type: adamh, lr: 0.02, radius: initial, weight_decay: 0.1}",
        "{type: apollo, lr: 0.02, rank: 2, refresh: 4, weight_decay: 0.1}", "{type: apollo_mini, lr: 0.02, refresh: 4}",
        "{type: apollo_mini, lr: 0.02, rank: 2, side: rows}"})
    void wholeStepsAreReplayedAndNothingIsReadBack(String optimizer) throws IOException {
        run(job(optimizer, ""), "replayed", true);
        // Each of the two micro-batches is launched once, at the first step, and is a graph from then on. So are the two of
        // the evaluation at the end, of which the second is the first's graph.
        assertThat(device.recordings()).isEqualTo(2 + 1);
        assertThat(device.replays()).isEqualTo(2 * (STEPS - 1) + 1);
        // Downloads are what the start and the end take; the last step is evaluated and saved.
        for (int step = 2; step < STEPS; step++) {
            assertThat(downloads[step]).as("read back by step %d", step).isEqualTo(downloads[1]);
        }
        assertThat(downloads[1]).isEqualTo(downloadsOfTheFirstStep());

        run(job(optimizer, "guards: {on_spike: skip, sigmas: 1e6}"), "at-once", false);
        assertThat(result("replayed")).isEqualTo(result("at-once"));

        run(job(optimizer, ""), "resumed", true, new Preemption(), 5);
        run(job(optimizer, ""), "resumed", true);
        assertThat(result("resumed")).isEqualTo(result("replayed"));

        ResumableRuns.run(job(optimizer, ""), temp.resolve("cpu"));
        List<Double> expected = losses("cpu");
        List<Double> found = losses("replayed");
        assertThat(found).hasSize(STEPS);
        for (int i = 0; i < STEPS; i++) {
            assertThat(found.get(i)).as("loss of step %d", i + 1).isCloseTo(expected.get(i), within(1e-4));
        }
    }

    /** Of a run with AdamW, whose update reads nothing. */
    private long downloadsOfTheFirstStep() {
        run(job(ADAMW, ""), "adamw", true);
        return downloads[1];
    }

    /** Steps whose update is left out by a guard, which looks at them between their two halves. */
    @Test
    void skippedStepsAreTheSameReplayed() throws IOException {
        String muon = "{type: muon, lr: 0.05}";
        String guards = "guards: {on_spike: skip, watch: loss, sigmas: 0.5, window: 4, max_skips: 20}";
        run(job(muon, guards), "launched", false);
        run(job(muon, guards), "replayed", true);
        assertThat(device.replays()).isPositive();
        assertThat(Files.readString(temp.resolve("replayed").resolve("curve.jsonl"))).contains("\"skipped\":");
        assertThat(result("replayed")).isEqualTo(result("launched"));
    }
}
