package org.windtunnel.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.cuda.CudaBackend;
import org.windtunnel.backend.cuda.EmulatedDevice;
import org.windtunnel.backend.cuda.Operands;
import org.windtunnel.record.RunStatus;

/** Runs on the emulated card whose passes are replayed and whose figures come late, against runs step by step. */
class QueuedStepsTest {
    static final int STEPS = 24;
    private static final int PASSES = 2;
    /** Has every step judged before its update, and none skipped. */
    static final String AT_ONCE = "guards: {on_spike: skip, sigmas: 1e6}";
    static final String GPT = "{family: gpt, width: 8, depth: 1, head_dim: 4, context: 8, bias: true}";
    private static final String LLAMA = "{family: llama, width: 8, depth: 1, head_dim: 4, context: 8}";

    static final String REST = "diagnostics: {every: 7}\ncheckpoint: {every: 5, every_seconds: 0, at_end: true}\n";

    @TempDir
    Path temp;

    private EmulatedDevice device = new EmulatedDevice();
    private Operands operands = Operands.FP32;
    private Backend backend;

    @AfterEach
    void close() {
        if (backend != null) {
            backend.close();
        }
    }

    static RunJob job(String model, String optimizer, String train, String rest) {
        return ResumableRuns.job("queued", """
                name: queued
                model: %s
                data: {type: markov, vocab: 16, validation_tokens: 256}
                optimizer: %s
                schedule: {type: cosine, warmup: 5}
                train: {steps: %d, batch: 4, micro_batch: 2, clip: 0.3, eval_every: 9, eval_sequences: 4, %s}
                %s
                """.formatted(model, optimizer, STEPS, train, rest), null);
    }

    private static RunJob job(String train) {
        return job(GPT, "{type: adamw, lr: 0.02}", train, REST);
    }

    private RunOutcome run(RunJob job, String name, boolean graphs, Preemption preemption, ProgressListener listener) {
        try (RunExecutor executor = new RunExecutor(Path.of("."), preemption, spec -> open(graphs))) {
            return executor.execute(job, temp.resolve(name), listener);
        } finally {
            backend = null;
        }
    }

    private Backend open(boolean graphs) {
        backend = new CudaBackend(device, operands, graphs);
        return backend;
    }

    private RunOutcome run(RunJob job, String name, boolean graphs) {
        device = new EmulatedDevice();
        return run(job, name, graphs, new Preemption(), ProgressListener.NONE);
    }

    private List<Object> result(String name) throws IOException {
        return result(temp.resolve(name));
    }

    /** All that is the same whenever a run is done again. */
    static List<Object> result(Path run) throws IOException {
        return List.of(ResumableRuns.log(run, "curve.jsonl"), ResumableRuns.log(run, "eval.jsonl"),
                ResumableRuns.log(run, "diag.jsonl"), ResumableRuns.state(run, 20), ResumableRuns.state(run, STEPS));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"FP32|" + GPT, "FP32|" + LLAMA, "BF16|" + GPT, "BF16|" + LLAMA})
    void replayedLateIsTheSameAsLaunchedAtOnce(Operands rounding, String model) throws IOException {
        operands = rounding;
        run(job(model, "{type: adamw, lr: 0.02}", AT_ONCE, REST), "at-once", false);
        assertThat(device.mostUnread()).isEqualTo(1);
        run(job(model, "{type: adamw, lr: 0.02}", "log_every: 1", REST), "launched", false);
        assertThat(device.replays()).isZero();
        long launched = device.launches();
        run(job(model, "{type: adamw, lr: 0.02}", "log_every: 1", REST), "replayed", true);
        assertThat(device.mostUnread()).isEqualTo(2);
        // The update goes with the last pass, but not where diagnostics look at the gradients in between; evaluations are
        // passes of another kind. The first time of each kind is not a replay.
        int apart = STEPS / 7;
        int evaluated = 3 * PASSES;
        int kinds = PASSES + 3;
        assertThat(device.recordings()).isEqualTo(kinds);
        assertThat(device.replays()).isEqualTo(STEPS * PASSES + apart + evaluated - kinds);
        assertThat(device.launches()).isLessThan(launched * 3 / 5);
        assertThat(result("replayed")).isEqualTo(result("launched")).isEqualTo(result("at-once"));
    }

    /** The host waits for no copy of a batch's figures, neither in steps nor in the evaluations after steps 9 and 18. */
    @Test
    void neitherStepsNorEvaluationsWaitForEveryBatch() {
        String rest = "checkpoint: {every_seconds: 0}\n";
        long[] downloads = new long[STEPS + 1];
        device = new EmulatedDevice();
        run(job(GPT, "{type: adamw, lr: 0.02}", "log_every: 1", rest), "run", true, new Preemption(),
                (step, steps, loss, speed) -> downloads[(int) step] = device.downloads());
        assertThat(downloads[STEPS]).isEqualTo(downloads[1]);
    }

    @Test
    void aResumedRunHasTheSameBits() throws IOException {
        run(job("log_every: 1"), "whole", true);
        device = new EmulatedDevice();
        Preemption preemption = new Preemption();
        RunOutcome first = run(job("log_every: 1"), "resumed", true, preemption, (step, steps, loss, speed) -> {
            if (step == 11) {
                preemption.request("the test");
            }
        });
        assertThat(first.status()).isEqualTo(RunStatus.PREEMPTED);
        assertThat(first.steps()).isBetween(11L, 12L);
        run(job("log_every: 1"), "resumed", true);
        assertThat(result("resumed")).isEqualTo(result("whole"));
    }

    @Test
    void aCardThatRecordsNothingHasItsKernelsLaunched() throws IOException {
        run(job("log_every: 1"), "launched", false);
        device = new EmulatedDevice();
        device.refuseRecordings();
        run(job("log_every: 1"), "refused", true, new Preemption(), ProgressListener.NONE);
        assertThat(device.replays()).isZero();
        assertThat(result("refused")).isEqualTo(result("launched"));
    }

    /** A run that ends with a step queued beyond it leaves nothing to the next run on the card. */
    @Test
    void aDivergedRunEndsAtTheSameStepAndTheNextIsRight() throws IOException {
        RunJob diverging = job(GPT, "{type: sgd, lr: 1e5}", "log_every: 1", "");
        RunJob atOnce = job(GPT, "{type: sgd, lr: 1e5}", AT_ONCE, "");
        RunOutcome expected = run(atOnce, "at-once", false);
        assertThat(expected.status()).isEqualTo(RunStatus.DIVERGED);
        run(job("log_every: 1"), "alone", true);
        device = new EmulatedDevice();
        try (RunExecutor executor = new RunExecutor(Path.of("."), new Preemption(), spec -> open(true))) {
            RunOutcome late = executor.execute(diverging, temp.resolve("late"), ProgressListener.NONE);
            assertThat(late.steps()).isEqualTo(expected.steps());
            assertThat(late.reason()).isEqualTo(expected.reason());
            executor.execute(job("log_every: 1"), temp.resolve("next"), ProgressListener.NONE);
        }
        backend = null;
        assertThat(ResumableRuns.log(temp.resolve("late"), "curve.jsonl"))
                .isEqualTo(ResumableRuns.log(temp.resolve("at-once"), "curve.jsonl"));
        assertThat(result("next")).isEqualTo(result("alone"));
    }

    @Test
    void theCpuBackendTrainsToTheSameLosses() throws IOException {
        run(job("log_every: 1"), "emulated", true);
        ResumableRuns.run(job("log_every: 1"), temp.resolve("cpu"));
        List<Double> emulated = losses("emulated");
        List<Double> cpu = losses("cpu");
        assertThat(emulated).hasSize(STEPS);
        for (int i = 0; i < STEPS; i++) {
            assertThat(emulated.get(i)).isCloseTo(cpu.get(i), within(1e-4));
        }
    }

    private List<Double> losses(String name) throws IOException {
        return ResumableRuns.log(temp.resolve(name), "curve.jsonl").stream()
                .map(line -> Double.valueOf(line.replaceAll(".*\"loss\":([^,]+),.*", "$1")))
                .toList();
    }

    /** Spikes of the gradient norm send the run back with a step queued beyond the one that is judged. */
    @Test
    void aRestartedRunGoesTheSameWay() throws IOException {
        String guards = "guards: {on_divergence: %s, on_spike: restart, watch: grad_norm, sigmas: 1, window: 8}";
        String rest = "checkpoint: {every: 4, every_seconds: 0}\n";
        RunOutcome atOnce = run(job(GPT, "{type: adamw, lr: 0.05}", guards.formatted("skip"), rest), "at-once", false);
        RunOutcome late = run(job(GPT, "{type: adamw, lr: 0.05}", guards.formatted("stop"), rest), "late", true);
        assertThat(device.mostUnread()).isGreaterThan(1);
        assertThat(Files.readString(temp.resolve("late").resolve("log.txt"))).contains("; back to step ");
        assertThat(late.steps()).isEqualTo(atOnce.steps());
        assertThat(late.reason()).isEqualTo(atOnce.reason());
        for (String log : List.of("curve.jsonl", "eval.jsonl")) {
            assertThat(ResumableRuns.log(temp.resolve("late"), log))
                    .isEqualTo(ResumableRuns.log(temp.resolve("at-once"), log));
        }
    }
}
