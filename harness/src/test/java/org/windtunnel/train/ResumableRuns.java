package org.windtunnel.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.windtunnel.checkpoint.Checkpoints;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.config.ConfigWriter;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.Variant;

/** Runs of 200 steps with every optimizer there is, on every family. */
final class ResumableRuns {
    static final int STEPS = 200;

    private static final String TOKENS = "{type: markov, vocab: 32, validation_tokens: 4096}";
    private static final String IMAGES = "{type: shapes, channels: 1, classes: 3, train_examples: 70, "
            + "augment: {crop: 2, flip: true, cutout: 4, mixup: 0.3}}";

    private static final Map<String, String> FAMILIES = Map.of(
            "gpt", "{family: gpt, width: 16, depth: 2, head_dim: 8, context: 16, bias: true}",
            "llama", "{family: llama, width: 16, depth: 2, head_dim: 8, context: 16}",
            "resnet", "{family: resnet, width: 4, blocks: [1, 1], drop_path: 0.2, label_smoothing: 0.1}",
            "mlp", "{family: mlp, width: 16, depth: 3}");
    private static final Set<String> OF_IMAGES = Set.of("resnet", "mlp");

    private static final String TIMES = ",\"((tokens_per_s|mfu|time_s|cost_share)\":[^,}]+|cost_s\":\\{[^}]*})";

    private ResumableRuns() {}

    /** An optimizer and a family, {@code adamw-gpt} say. */
    static List<String> combinations() {
        List<String> all = new ArrayList<>();
        for (Class<?> optimizer : OptimizerSpec.class.getPermittedSubclasses()) {
            String name = optimizer.getAnnotation(Variant.class).value();
            FAMILIES.keySet().stream().sorted().forEach(family -> all.add(name + "-" + family));
        }
        return all;
    }

    /** The run of a combination; {@code checkpoint} is that section in YAML. */
    static RunJob job(String combination, String checkpoint) {
        int dash = combination.indexOf('-');
        String family = combination.substring(dash + 1);
        return job(combination, """
                name: resumable
                model: %s
                data: %s
                optimizer: {type: %s, lr: 0.01}
                schedule: {type: cosine, warmup: 20}
                train: {steps: %d, batch: 4, eval_every: 50, eval_sequences: 8, clip: 0.5}
                diagnostics: {every: 40}
                checkpoint: %s
                """.formatted(FAMILIES.get(family), OF_IMAGES.contains(family) ? IMAGES : TOKENS,
                        combination.substring(0, dash), STEPS, checkpoint),
                null);
    }

    static RunJob job(String id, String yaml, BranchPoint branch) {
        ExperimentSpec spec = ConfigLoader.parse(yaml, id);
        return new RunJob("resumable", id, id, ConfigWriter.hash(spec), Map.of(), spec, yaml, branch);
    }

    /** Trains to the end, or to where a listener asks for preemption. */
    static RunOutcome run(RunJob job, Path directory) {
        return run(job, directory, Long.MAX_VALUE);
    }

    /** Preempts the run when it has done {@code until} steps. */
    static RunOutcome run(RunJob job, Path directory, long until) {
        Preemption preemption = new Preemption();
        try (RunExecutor executor = new RunExecutor(Path.of("."), preemption)) {
            return executor.execute(job, directory, (step, steps, loss, speed) -> {
                if (step == until) {
                    preemption.request("the test");
                }
            });
        }
    }

    /** A log without what depends on the clock. */
    static List<String> log(Path directory, String name) throws IOException {
        return Files.readAllLines(directory.resolve(name)).stream()
                .map(line -> line.replaceAll(TIMES, ""))
                .toList();
    }

    /** Hash of the state at a step. */
    static String state(Path directory, long step) {
        return new Checkpoints(directory).at(step).hash();
    }

    /** Everything that must be the same whether a run was cut off or not. */
    static List<Object> result(Path directory) throws IOException {
        String done = Files.readString(directory.resolve("DONE")).replaceAll("\"wall_s\"[^,}]+", "");
        return Arrays.asList(log(directory, "curve.jsonl"), log(directory, "eval.jsonl"),
                log(directory, "diag.jsonl"), state(directory, STEPS), done);
    }
}
