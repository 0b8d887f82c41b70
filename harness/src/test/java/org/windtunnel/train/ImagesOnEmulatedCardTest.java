package org.windtunnel.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.windtunnel.backend.cuda.CudaBackend;
import org.windtunnel.backend.cuda.EmulatedDevice;
import org.windtunnel.backend.cuda.Operands;

/** Runs of residual networks on the emulated card against the cpu backend, from the config to the logs. */
class ImagesOnEmulatedCardTest {
    private static final int STEPS = 8;
    /** Passes of steps that no diagnostics look into, but for the first of each of the two kinds. */
    private static final int REPLAYS = 2 * (STEPS - 2) - 2;
    /** Of the loss before the first update, which no rounding can bring onto the other side of a ReLU. */
    private static final double FIRST = 1e-5;
    /** Of figures after it: one unit that rounding flips was seen to change losses by 3e-4, norms by 5e-3. */
    private static final double TOLERANCE = 2e-2;
    private static final String PLAIN = "{family: resnet, width: 4, blocks: [1, 1]}";
    private static final String BOTTLENECKS = "{family: resnet, width: 4, blocks: [1, 1], block: bottleneck, preact: true,"
            + " norm: group, groups: 2, stem: deep, average_downsample: true}";
    /** What is drawn for each pass; its data are mixed as well. */
    private static final String RANDOM =
            "{family: resnet, width: 4, blocks: [1, 1], squeeze_ratio: 0.5, drop_path: 0.4, label_smoothing: 0.1}";

    /** Of {@code Convolution}. */
    private static final String IM2COL = "windtunnel.cuda.im2col";

    @TempDir
    Path temp;

    private static RunJob job(String model) {
        return job(model, "");
    }

    private static RunJob job(String model, String train) {
        return ResumableRuns.job("images", """
                name: images
                model: %s
                data: {type: shapes, channels: 3, classes: 3, augment: {crop: 2, flip: true, cutout: 4, mixup: %s}}
                optimizer: {type: adamw, lr: 0.01}
                train:
                  {steps: %d, batch: 8, micro_batch: 4, log_every: 1, eval_every: 4, eval_sequences: 8, clip: 1, %s}
                diagnostics: {every: 3}
                checkpoint: {at_end: true}
                """.formatted(model, model.equals(RANDOM) ? "0.3" : "0", STEPS, train), null);
    }

    private EmulatedDevice run(String model, String name, boolean graphs) {
        return run(job(model), name, graphs);
    }

    private EmulatedDevice run(RunJob job, String name, boolean graphs) {
        return run(job, name, graphs, Operands.FP32);
    }

    private EmulatedDevice run(RunJob job, String name, boolean graphs, Operands operands) {
        EmulatedDevice device = new EmulatedDevice();
        try (RunExecutor executor = new RunExecutor(
                Path.of("."), new Preemption(), spec -> new CudaBackend(device, operands, graphs))) {
            executor.execute(job, temp.resolve(name), ProgressListener.NONE);
        }
        return device;
    }

    private List<Double> losses(String name, String log, String key) throws IOException {
        ObjectMapper json = new ObjectMapper();
        List<String> lines = ResumableRuns.log(temp.resolve(name), log);
        List<Double> losses = new ArrayList<>();
        for (String line : lines) {
            losses.add(json.readTree(line).get(key).asDouble());
        }
        return losses;
    }

    /** Drop path and soft targets; group norm and average pooling; no norm and the pooling of maxima. */
    @ParameterizedTest
    @ValueSource(strings = {PLAIN, RANDOM,
        BOTTLENECKS, "{family: resnet, width: 4, blocks: [1, 1], norm: none, shortcut: a, stem: large}"})
    void theCpuBackendTrainsToTheSameLosses(String model) throws IOException {
        run(model, "emulated", true);
        ResumableRuns.run(job(model), temp.resolve("cpu"));
        for (String[] figure : new String[][] {{"curve.jsonl", "loss"}, {"curve.jsonl", "grad_norm"}, {"eval.jsonl", "loss"}}) {
            List<Double> expected = losses("cpu", figure[0], figure[1]);
            List<Double> found = losses("emulated", figure[0], figure[1]);
            assertThat(found).as("%s of %s", figure[1], figure[0]).hasSameSizeAs(expected).isNotEmpty();
            for (int i = 0; i < found.size(); i++) {
                assertThat(found.get(i)).isCloseTo(expected.get(i), within(TOLERANCE * expected.get(i)));
            }
        }
        assertThat(losses("emulated", "curve.jsonl", "loss").get(0))
                .isCloseTo(losses("cpu", "curve.jsonl", "loss").get(0), within(FIRST));
    }

    /** Operands round to the same numbers whether convolutions gather their windows or multiply a matrix of them. */
    @ParameterizedTest
    @EnumSource(value = Operands.class, names = "FP32", mode = EnumSource.Mode.EXCLUDE)
    void gatheredWindowsTrainToTheLossesOfCopiedOnes(Operands operands) throws IOException {
        run(job(BOTTLENECKS), "gathered", true, operands);
        System.setProperty(IM2COL, "true");
        try {
            run(job(BOTTLENECKS), "copied", true, operands);
        } finally {
            System.clearProperty(IM2COL);
        }
        for (String figure : List.of("loss", "grad_norm")) {
            List<Double> expected = losses("copied", "curve.jsonl", figure);
            List<Double> found = losses("gathered", "curve.jsonl", figure);
            assertThat(found).hasSize(STEPS);
            for (int i = 0; i < STEPS; i++) {
                double tolerance = i == 0 ? FIRST : TOLERANCE;
                assertThat(found.get(i)).isCloseTo(expected.get(i), within(tolerance * expected.get(i)));
            }
        }
        // Their sums have another order.
        assertThat(losses("gathered", "curve.jsonl", "grad_norm"))
                .isNotEqualTo(losses("copied", "curve.jsonl", "grad_norm"));
    }

    @ParameterizedTest
    @ValueSource(strings = {PLAIN, RANDOM})
    void replayedPassesHaveTheBitsOfLaunchedOnes(String model) throws IOException {
        EmulatedDevice atOnce = run(job(model, QueuedStepsTest.AT_ONCE), "at-once", false);
        assertThat(atOnce.mostUnread()).isEqualTo(1);
        assertThat(run(model, "launched", false).replays()).isZero();
        EmulatedDevice replayed = run(model, "replayed", true);
        assertThat(replayed.mostUnread()).isEqualTo(2);
        assertThat(replayed.replays()).isGreaterThanOrEqualTo(REPLAYS);
        for (String run : List.of("launched", "replayed")) {
            for (String log : List.of("curve.jsonl", "eval.jsonl", "diag.jsonl")) {
                assertThat(ResumableRuns.log(temp.resolve(run), log)).as("%s of %s", log, run)
                        .isEqualTo(ResumableRuns.log(temp.resolve("at-once"), log));
            }
            assertThat(ResumableRuns.state(temp.resolve(run), STEPS))
                    .isEqualTo(ResumableRuns.state(temp.resolve("at-once"), STEPS));
        }
    }
}
