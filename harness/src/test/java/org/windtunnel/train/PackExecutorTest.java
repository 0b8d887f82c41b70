package org.windtunnel.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.backend.cuda.CudaBackend;
import org.windtunnel.backend.cuda.EmulatedDevice;
import org.windtunnel.backend.cuda.Operands;
import org.windtunnel.backend.cuda.stack.CudaStack;
import org.windtunnel.record.RunStatus;

/** Runs that one emulated card trains at once, against the same runs alone. */
class PackExecutorTest {
    private static final int STEPS = 18;

    @TempDir
    Path temp;

    private EmulatedDevice device;

    /** What a pack's runs came to, by their place. */
    private static final class Heard implements PackExecutor.Listener {
        private final Map<Integer, RunOutcome> outcomes = new ConcurrentHashMap<>();
        private final Map<Integer, Throwable> failures = new ConcurrentHashMap<>();
        private final List<Integer> left = new ArrayList<>();
        private final BiConsumer<Integer, Long> onStep;

        Heard(BiConsumer<Integer, Long> onStep) {
            this.onStep = onStep;
        }

        @Override
        public void progress(int run, long step, long steps, double loss, Speed speed) {
            onStep.accept(run, step);
        }

        @Override
        public void ended(int run, RunOutcome outcome) {
            outcomes.put(run, outcome);
        }

        @Override
        public void failed(int run, Throwable cause) {
            failures.put(run, cause);
        }

        @Override
        public void left(int run) {
            left.add(run);
        }
    }

    private static RunJob gpt(String optimizer, int seed, String train) {
        return ResumableRuns.job("packed", """
                name: packed
                model: {family: gpt, width: 8, depth: 1, head_dim: 4, context: 8, bias: true}
                data: {type: markov, vocab: 16, validation_tokens: 256}
                optimizer: %s
                seed: %d
                schedule: {type: cosine, warmup: 3}
                train: {steps: %d, batch: 4, micro_batch: 2, clip: 0.3, log_every: 1, eval_every: 9, eval_sequences: 4, %s}
                %s
                checkpoint: {every: 5, every_seconds: 0, at_end: true}
                """.formatted(optimizer, seed, STEPS, train, ""), null);
    }

    private static String adamw(double lr, double decay) {
        return "{type: adamw, lr: " + lr + ", weight_decay: " + decay + "}";
    }

    private Heard pack(String name, List<RunJob> jobs, Preemption preemption, BiConsumer<Integer, Long> onStep) {
        device = new EmulatedDevice();
        PackExecutor executor = new PackExecutor(Path.of("."), preemption,
                (spec, runs, rehearsal) -> CudaStack.open(device, Operands.FP32, runs, rehearsal),
                spec -> new CudaBackend(new EmulatedDevice(), Operands.FP32));
        List<Path> directories = new ArrayList<>();
        for (int run = 0; run < jobs.size(); run++) {
            directories.add(temp.resolve(name + run));
        }
        Heard heard = new Heard(onStep);
        executor.execute(jobs, directories, heard);
        return heard;
    }

    private Heard pack(String name, List<RunJob> jobs) {
        return pack(name, jobs, new Preemption(), (run, step) -> {});
    }

    private RunOutcome alone(String name, RunJob job) {
        try (RunExecutor executor = new RunExecutor(Path.of("."), new Preemption(),
                spec -> new CudaBackend(new EmulatedDevice(), Operands.FP32))) {
            return executor.execute(job, temp.resolve(name), ProgressListener.NONE);
        }
    }

    private List<Object> result(String name) throws IOException {
        Path run = temp.resolve(name);
        List<Object> result = new ArrayList<>();
        for (String log : List.of("curve.jsonl", "eval.jsonl", "diag.jsonl")) {
            result.add(Files.exists(run.resolve(log)) ? ResumableRuns.log(run, log) : "none");
        }
        result.add(Files.exists(run.resolve("DONE")) ? ResumableRuns.state(run, STEPS) : "not done");
        return result;
    }

    private void sameAsAlone(List<RunJob> jobs, Heard heard) throws IOException {
        assertThat(heard.failures).isEmpty();
        for (int run = 0; run < jobs.size(); run++) {
            RunOutcome expected = alone("alone" + run, jobs.get(run));
            assertThat(heard.outcomes.get(run).status()).isEqualTo(expected.status());
            assertThat(heard.outcomes.get(run).steps()).isEqualTo(expected.steps());
            assertThat(heard.outcomes.get(run).reason()).isEqualTo(expected.reason());
            assertThat(result("packed" + run)).as("run %d", run).isEqualTo(result("alone" + run));
        }
    }

    /** The third diverges and leaves; the last restarts at spikes, and goes on out of step with the others. */
    @Test
    void packedRunsHaveTheBitsTheyHaveAlone() throws IOException {
        List<RunJob> jobs = List.of(
                gpt(adamw(0.02, 0.1), 1, ""),
                gpt(adamw(0.005, 0.3), 2, ""),
                gpt(adamw(1e5, 0.1), 1, ""),
                gpt(adamw(0.05, 0.1), 3,
                        "guards: {on_divergence: stop, on_spike: restart, watch: grad_norm, sigmas: 0.5, window: 4}"));
        Heard heard = pack("packed", jobs);
        assertThat(heard.outcomes.get(2).status()).isEqualTo(RunStatus.DIVERGED);
        assertThat(Files.readString(temp.resolve("packed3").resolve("log.txt"))).contains("; back to step ");
        sameAsAlone(jobs, heard);
    }
}
