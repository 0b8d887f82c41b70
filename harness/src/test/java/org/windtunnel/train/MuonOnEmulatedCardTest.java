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
import org.junit.jupiter.params.provider.ValueSource;
import org.windtunnel.backend.cuda.CudaBackend;
import org.windtunnel.backend.cuda.EmulatedDevice;
import org.windtunnel.backend.cuda.Operands;

/** Muon's variants whose numbers change from step to step or from group to group, on the emulated card and the CPU. */
class MuonOnEmulatedCardTest {
    private static final double TOLERANCE = 2e-4;
    private static final String PLAIN = "{type: muon, lr: 0.05}";

    @TempDir
    Path temp;

    private static RunJob job(String optimizer) {
        return QueuedStepsTest.job(QueuedStepsTest.GPT, optimizer, "log_every: 1", "checkpoint: {at_end: true}\n");
    }

    private List<Double> losses(String name) throws IOException {
        ObjectMapper json = new ObjectMapper();
        List<Double> losses = new ArrayList<>();
        for (String line : ResumableRuns.log(temp.resolve(name), "curve.jsonl")) {
            losses.add(json.readTree(line).get("loss").asDouble());
        }
        return losses;
    }

    @ParameterizedTest
    @ValueSource(strings = {
        "{type: muon, lr: 0.05, momentum_start: 0.3, momentum_warmup: 6, momentum_cooldown: 8}",
        "{type: muon, lr: 0.05, adamw: {lr: 0.01, embedding_lr: 0.2, readout_lr: 0.1, vector_lr: 0.05, beta1: 0.8}}",
        "{type: muon, lr: 0.05, momentum: 0.6, momentum_form: sum, steps: 3, scale: none, normalize: true, "
                + "sgd: {lr: 0.3, weight_decay: 0.01}}"})
    void theCpuBackendTrainsToTheSameLosses(String optimizer) throws IOException {
        try (RunExecutor executor = new RunExecutor(Path.of("."), new Preemption(),
                spec -> new CudaBackend(new EmulatedDevice(), Operands.FP32, true))) {
            executor.execute(job(optimizer), temp.resolve("emulated"), ProgressListener.NONE);
        }
        ResumableRuns.run(job(optimizer), temp.resolve("cpu"));
        ResumableRuns.run(job(PLAIN), temp.resolve("plain"));
        List<Double> expected = losses("cpu");
        List<Double> found = losses("emulated");
        assertThat(found).hasSameSizeAs(expected).hasSize(QueuedStepsTest.STEPS);
        double apart = 0;
        for (int i = 0; i < found.size(); i++) {
            assertThat(found.get(i)).as("step %d", i + 1).isCloseTo(expected.get(i), within(TOLERANCE));
            apart = Math.max(apart, Math.abs(expected.get(i) - losses("plain").get(i)));
        }
        assertThat(apart).as("what the variant changes").isGreaterThan(10 * TOLERANCE);
    }
}
