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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.windtunnel.backend.OutOfMemory;
import org.windtunnel.backend.cuda.CudaBackend;
import org.windtunnel.backend.cuda.EmulatedDevice;
import org.windtunnel.backend.cuda.Operands;
import org.windtunnel.backend.cuda.stack.CudaStack;
import org.windtunnel.checkpoint.Checkpoints;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.record.RunDirectory;
import org.windtunnel.record.RunDirectoryException;
import org.windtunnel.record.RunStatus;

/** Runs that one emulated card trains at once, against the same runs alone. */
class PackExecutorTest {
    private static final int STEPS = 18;

    @TempDir
    Path temp;

    private EmulatedDevice device;
    private Operands operands = Operands.FP32;

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

    private static final String RESTARTS =
            "guards: {on_divergence: stop, on_spike: restart, watch: grad_norm, sigmas: 0.5, window: 4}";

    private static RunJob gpt(String optimizer, int seed, String train) {
        return gpt(optimizer, seed, train, STEPS);
    }

    private static RunJob gpt(String optimizer, int seed, String train, int steps) {
        return ResumableRuns.job("packed", """
                name: packed
                model: {family: gpt, width: 8, depth: 1, head_dim: 4, context: 4, bias: true}
                data: {type: markov, vocab: 8, validation_tokens: 64}
                optimizer: %s
                seed: %d
                schedule: {type: cosine, warmup: 3}
                train:
                  {steps: %d, batch: 4, micro_batch: 2, clip: 0.3, log_every: 1, eval_every: 9, eval_sequences: 4, %s}
                checkpoint: {every: 5, every_seconds: 0, at_end: true}
                """.formatted(optimizer, seed, steps, train), null);
    }

    private static String adamw(double lr, double decay) {
        return "{type: adamw, lr: " + lr + ", weight_decay: " + decay + "}";
    }

    private Heard pack(String name, List<RunJob> jobs, Preemption preemption, BiConsumer<Integer, Long> onStep) {
        device = new EmulatedDevice();
        Heard heard = new Heard(onStep);
        executor(preemption).execute(jobs, directories(name, jobs.size()), heard);
        return heard;
    }

    private List<Path> directories(String name, int runs) {
        List<Path> directories = new ArrayList<>();
        for (int run = 0; run < runs; run++) {
            directories.add(temp.resolve(name + run));
        }
        return directories;
    }

    private PackExecutor executor(Preemption preemption) {
        return new PackExecutor(Path.of("."), preemption,
                (spec, runs, rehearsal) -> CudaStack.open(device, operands, runs, rehearsal),
                spec -> new CudaBackend(new EmulatedDevice(), operands));
    }

    private Heard pack(String name, List<RunJob> jobs) {
        return pack(name, jobs, new Preemption(), (run, step) -> {});
    }

    private RunOutcome alone(String name, RunJob job) {
        return alone(name, job, new EmulatedDevice());
    }

    private RunOutcome alone(String name, RunJob job, EmulatedDevice card) {
        try (RunExecutor executor = new RunExecutor(Path.of("."), new Preemption(),
                spec -> new CudaBackend(card, operands))) {
            return executor.execute(job, temp.resolve(name), ProgressListener.NONE);
        }
    }

    private List<Object> result(String name) throws IOException {
        Path run = temp.resolve(name);
        List<Object> result = new ArrayList<>();
        for (String log : List.of("curve.jsonl", "eval.jsonl", "diag.jsonl")) {
            result.add(Files.exists(run.resolve(log)) ? ResumableRuns.log(run, log) : "none");
        }
        boolean kept = Files.exists(run.resolve("checkpoints")) && Files.exists(run.resolve("DONE"));
        result.add(kept ? ResumableRuns.state(run, new Checkpoints(run).list().lastKey()) : "not kept");
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

    /** The third diverges and leaves; the last restarts at spikes, and is half a step away from the others then. */
    @Test
    void packedRunsHaveTheBitsTheyHaveAlone() throws IOException {
        List<RunJob> jobs = List.of(
                gpt(adamw(0.02, 0.1), 1, ""),
                gpt(adamw(0.005, 0.3), 2, ""),
                gpt(adamw(1e5, 0.1), 1, ""),
                gpt(adamw(0.05, 0.1), 3, RESTARTS));
        Heard heard = pack("packed", jobs);
        assertThat(heard.outcomes.get(2).status()).isEqualTo(RunStatus.DIVERGED);
        assertThat(Files.readString(temp.resolve("packed3").resolve("log.txt"))).contains("; back to step ");
        // Two passes a step of a run; four runs would be at 130 and more by themselves.
        assertThat(device.replays()).isLessThan(4 * STEPS);
        sameAsAlone(jobs, heard);
    }

    /** Operands that are packed between kernels, and attention whose kernels are loaded on the way. */
    @Test
    void withRoundedOperands() throws IOException {
        operands = Operands.BF16;
        List<RunJob> jobs = List.of(gpt(adamw(0.02, 0.1), 1, "", 4), gpt(adamw(0.005, 0.3), 2, "", 4));
        Heard heard = pack("packed", jobs);
        assertThat(device.replays()).isLessThanOrEqualTo(7);
        sameAsAlone(jobs, heard);
    }

    /** Rates and decays that reach the kernels of an optimizer with several rules. */
    @Test
    void withMuon() throws IOException {
        List<RunJob> jobs = List.of(
                gpt("{type: muon, lr: 0.02, weight_decay: 0.1}", 1, "", 4),
                gpt("{type: muon, lr: 0.005, weight_decay: 0.2}", 2, "", 4));
        Heard heard = pack("packed", jobs);
        assertThat(device.replays()).isLessThanOrEqualTo(7);
        sameAsAlone(jobs, heard);
    }

    /** Also where paths are dropped, labels smoothed and images mixed, by each run's own seed. */
    @ParameterizedTest
    @CsvSource({"'', 0", "', drop_path: 0.4, label_smoothing: 0.1', 0.3"})
    void imagesAreTrainedAtOnceAsWell(String options, double mixup) throws IOException {
        List<RunJob> jobs = new ArrayList<>();
        for (String lr : List.of("0.01", "0.1", "0.03")) {
            jobs.add(ResumableRuns.job("packed", """
                    name: packed
                    model: {family: resnet, width: 4, blocks: [1, 1]%s}
                    data:
                      {type: shapes, channels: 3, classes: 3, augment: {crop: 2, flip: true, cutout: 4, mixup: %s}}
                    optimizer: {type: sgd, lr: %s}
                    seed: %d
                    train: {steps: 4, batch: 4, log_every: 1, eval_every: 3, eval_sequences: 4, clip: 1}
                    """.formatted(options, mixup, lr, jobs.size()), null));
        }
        Heard heard = pack("packed", jobs);
        assertThat(device.replays()).isPositive().isLessThanOrEqualTo(4);
        sameAsAlone(jobs, heard);
    }

    /** Four passes of 5 steps and three of 3 evaluations: no more for three runs than for one. */
    @ParameterizedTest
    @ValueSource(strings = {
        "model: {family: gpt, width: 8, depth: 1, head_dim: 4, context: 4, bias: true}\n"
                + "data: {type: markov, vocab: 8, validation_tokens: 64}",
        "model: {family: mlp, width: 8, depth: 1}\ndata: {type: shapes, channels: 1, classes: 3}"})
    void evaluationsAreStackedAsWell(String model) throws IOException {
        List<RunJob> jobs = new ArrayList<>();
        for (int seed = 1; seed <= 3; seed++) {
            jobs.add(ResumableRuns.job("packed", """
                    name: packed
                    %s
                    optimizer: {type: adamw, lr: %s}
                    seed: %d
                    train: {steps: 5, batch: 8, micro_batch: 2, log_every: 1, eval_every: 2, eval_sequences: 5}
                    """.formatted(model, 0.002 * seed, seed), null));
        }
        Heard heard = pack("packed", jobs);
        alwaysAtOnce(jobs, 5 * 4 - 3 + 3 * 3 - 1);
        sameAsAlone(jobs, heard);
    }

    /** The pack's work is recorded once, as a run's is, and replayed as often, but for its first time at once. */
    private void alwaysAtOnce(List<RunJob> jobs, long replays) {
        EmulatedDevice alone = new EmulatedDevice();
        alone("counted", jobs.get(0), alone);
        assertThat(alone.replays()).isEqualTo(replays);
        assertThat(device.recordings()).isEqualTo(alone.recordings());
        assertThat(device.replays()).isEqualTo(replays - alone.recordings());
    }

    /** Diagnostics are each run's own. What they need of memory has been rehearsed, so the runs go on at once after them. */
    @ParameterizedTest
    @EnumSource(names = {"FP32", "BF16"})
    void runsAreLookedIntoOneByOne(Operands precision) throws IOException {
        operands = precision;
        List<RunJob> jobs = new ArrayList<>();
        for (int seed = 1; seed <= 2; seed++) {
            jobs.add(ResumableRuns.job("packed", """
                    name: packed
                    model: {family: gpt, width: 8, depth: 1, head_dim: 4, context: 4, bias: true}
                    data: {type: markov, vocab: 8, validation_tokens: 64}
                    optimizer: {type: adamw, lr: %s}
                    seed: %d
                    train: {steps: 10, batch: 4, micro_batch: 2, log_every: 1, eval_every: 5, eval_sequences: 4}
                    diagnostics: {every: 3, spectrum: true, attention: true, sharpness_every: 6}
                    """.formatted(0.01 * seed, seed), null));
        }
        Heard heard = pack("packed", jobs);
        // First passes, last ones with and without the update, 3 updates by themselves; 2 evaluations.
        alwaysAtOnce(jobs, 2 * 10 + 3 + 2 * 2 - 5);
        sameAsAlone(jobs, heard);
    }

    /** Preempted in the middle, where one run has diverged before; the two that are left go on as a smaller pack. */
    @Test
    void aPackIsResumed() throws IOException {
        List<RunJob> jobs = List.of(
                gpt(adamw(1e5, 0.1), 1, ""), gpt(adamw(0.02, 0.1), 1, ""), gpt(adamw(0.005, 0.3), 2, ""));
        Preemption preemption = new Preemption();
        Heard first = pack("packed", jobs, preemption, (run, step) -> {
            if (run == 1 && step == 11) {
                preemption.request("the test");
            }
        });
        assertThat(first.outcomes.get(0).status()).isEqualTo(RunStatus.DIVERGED);
        assertThat(first.outcomes.get(1).status()).isEqualTo(RunStatus.PREEMPTED);
        assertThat(first.outcomes.get(2).status()).isEqualTo(RunStatus.PREEMPTED);
        Preemption none = new Preemption();
        List<Path> rest = List.of(temp.resolve("packed1"), temp.resolve("packed2"));
        Heard second = new Heard((run, step) -> {});
        device = new EmulatedDevice();
        executor(none).execute(jobs.subList(1, 3), rest, second);
        assertThat(second.outcomes.get(0).status()).isEqualTo(RunStatus.DONE);
        assertThat(second.failures).isEmpty();
        for (int run = 1; run < 3; run++) {
            alone("alone" + run, jobs.get(run));
            assertThat(result("packed" + run)).as("run %d", run).isEqualTo(result("alone" + run));
        }
    }

    /** A run whose directory is another's fails at once; the rest goes on. */
    @Test
    void whatIsWrongWithARunIsItsOwn() throws IOException {
        List<RunJob> jobs = List.of(gpt(adamw(0.02, 0.1), 1, "", 3), gpt(adamw(0.02, 0.1), 2, "", 3));
        try (RunDirectory owned = RunDirectory.open(temp.resolve("packed0"))) {
            Heard heard = pack("packed", jobs);
            assertThat(heard.failures.get(0)).isInstanceOf(RunDirectoryException.class);
            assertThat(heard.outcomes.get(1).status()).isEqualTo(RunStatus.DONE);
        }
    }

    /** A pack that the card has no room for goes in parts, and one that cannot be rehearsed run by run. */
    @Test
    void whatCannotBeStackedIsDoneNevertheless() {
        List<RunJob> jobs = new ArrayList<>();
        for (int seed = 1; seed <= 3; seed++) {
            jobs.add(gpt(adamw(0.02, 0.1), seed, "", 3));
        }
        List<Integer> wanted = new ArrayList<>();
        Heard parts = new Heard((run, step) -> {});
        new PackExecutor(Path.of("."), new Preemption(),
                (spec, runs, rehearsal) -> {
                    wanted.add(runs);
                    return CudaStack.open(new EmulatedDevice(), operands, Math.min(2, runs), rehearsal);
                },
                spec -> new CudaBackend(new EmulatedDevice(), operands)).execute(jobs, directories("parts", 3), parts);
        assertThat(wanted).containsExactly(3);
        assertThat(parts.outcomes).hasSize(3);
        Heard single = new Heard((run, step) -> {});
        new PackExecutor(Path.of("."), new Preemption(),
                (spec, runs, rehearsal) -> {
                    throw new OutOfMemory("no room", null);
                },
                spec -> new CudaBackend(new EmulatedDevice(), operands))
                .execute(jobs, directories("single", 3), single);
        assertThat(single.outcomes).hasSize(3);
        assertThat(single.outcomes.values()).allMatch(end -> end.status() == RunStatus.DONE);
    }

    @Test
    void nothingBeginsOncePreempted() {
        Preemption preemption = new Preemption();
        preemption.request("the test");
        Heard heard = pack("packed", List.of(gpt(adamw(0.02, 0.1), 1, ""), gpt(adamw(0.02, 0.1), 2, "")), preemption,
                (run, step) -> {});
        assertThat(heard.left).containsExactly(0, 1);
    }

    @Test
    void runsOfOneShapeDifferInNumbersOnly() {
        String shape = PackShape.of(onCuda(gpt(adamw(0.02, 0.1), 1, "")), null);
        assertThat(PackShape.of(onCuda(gpt(adamw(0.5, 0.2), 2, "")), null)).isEqualTo(shape).isNotNull();
        assertThat(PackShape.of(onCuda(gpt(adamw(0.02, 0), 1, "")), null)).isNotEqualTo(shape);
        assertThat(PackShape.of(onCuda(gpt("{type: sgd, lr: 0.1}", 1, "")), null)).isNotEqualTo(shape);
        assertThat(PackShape.of(onCuda(gpt(adamw(0.02, 0.1), 1, "z_loss: 1e-4")), null)).isNotEqualTo(shape);
        assertThat(PackShape.of(onCuda(gpt(adamw(0.02, 0.1), 1, "")), new BranchPoint("trunk", "0".repeat(64), 7)))
                .isNotEqualTo(shape);
        assertThat(PackShape.of(gpt(adamw(0.02, 0.1), 1, "").spec(), null)).as("on the cpu").isNull();
    }

    private static ExperimentSpec onCuda(RunJob job) {
        return ConfigLoader.parse(job.resolvedYaml().replace("backend: \"cpu\"", "backend: cuda")
                .replace("backend: cpu", "backend: cuda"), "test");
    }
}
