package org.windtunnel.backend.cuda.stack;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.windtunnel.backend.cuda.CudaBackend;
import org.windtunnel.backend.cuda.Device;
import org.windtunnel.backend.cuda.DeviceInfo;
import org.windtunnel.backend.cuda.Operands;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.data.Dataset;
import org.windtunnel.train.Datasets;
import org.windtunnel.train.ModelPlan;
import org.windtunnel.train.RunSession;

/**
 * How many kernels, products and copies the graphs of a step have: a launch for each matrix, or a kernel that has become
 * two, is not seen in results. Where a count falls, lower it here and in {@code harness/src/gpu/README.md}.
 */
class LaunchCountTest {
    private static final String CLIP = "clip_factor";
    private static final DeviceInfo CARD = new DeviceInfo("no card", 9, 0, 132, 80L << 30, 227 << 10, "none");

    private final Map<Long, String> names = new HashMap<>();
    private final List<String> recorded = new ArrayList<>();
    private boolean recording;

    private Object call(Device device, Method method, Object[] arguments) throws Throwable {
        switch (method.getName()) {
            case "kernel" -> {
                names.put((long) names.size(), (String) arguments[0]);
                return (long) names.size() - 1;
            }
            case "beginRecording" -> recording = true;
            case "endRecording" -> recording = false;
            case "launch" -> record(names.get((Long) arguments[0]));
            case "gemm" -> record("gemm");
            case "copy", "clear" -> {
                // Devices do nothing for no bytes.
                if ((Long) arguments[arguments.length - 1] > 0) {
                    record(method.getName());
                }
            }
            default -> {}
        }
        try {
            return method.invoke(device, arguments);
        } catch (InvocationTargetException e) {
            throw e.getCause();
        }
    }

    private void record(String what) {
        if (recording) {
            recorded.add(what);
        }
    }

    /** Records a step of one micro-batch. */
    private void step(String model, String optimizer, String precision) {
        names.clear();
        recorded.clear();
        Device rehearsal = new Rehearsal(CARD);
        Device device = (Device) Proxy.newProxyInstance(
                Device.class.getClassLoader(), new Class<?>[] {Device.class},
                (proxy, method, arguments) -> call(rehearsal, method, arguments));
        String yaml = """
                name: launches
                model: %s
                data: {type: markov, vocab: 64, validation_tokens: 256}
                optimizer: %s
                train: {steps: 3, batch: 2, clip: 1, eval_every: 0, eval_sequences: 2}
                """.formatted(model, optimizer);
        ExperimentSpec spec = ConfigLoader.parse(yaml, "launches");
        Dataset data = new Datasets(Path.of(".")).open(spec.data());
        ModelPlan plan = ModelPlan.of(spec, data.shape());
        try (CudaBackend backend = new CudaBackend(device, Operands.valueOf(precision), true);
                RunSession session = new RunSession(plan, data, backend)) {
            // The second step is the one that is recorded.
            session.step(0);
            session.step(1);
        }
    }

    private int passes() {
        return recorded.indexOf(CLIP);
    }

    private int update() {
        return recorded.size() - passes();
    }

    private static final String GPT = "{family: gpt, width: 64, depth: 4, head_dim: 16, context: 16}";
    private static final String LLAMA = "{family: llama, width: %d, depth: 12, head_dim: 16, context: 16}";

    /**
     * At most so many in the update: of 4 layers of GPT with 16 matrices, and of 12 of LLaMA with 84, which are wider where
     * elements limit what is done together.
     */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "FP32 | {type: adamw, lr: 0.01} | 2 | 64 | 2",
        "FP32 | {type: sgd, lr: 0.01} | 2 | 64 | 2",
        "FP32 | {type: sgd_sai, lr: 0.01} | 4 | 64 | 4",
        "FP32 | {type: sgd_sai, lr: 0.01, gain: max_normalised} | 5 | 64 | 5",
        "FP32 | {type: apollo, lr: 0.01} | 10 | 64 | 13",
        "BF16 | {type: apollo, lr: 0.01} | 18 | 64 | 27",
        "FP32 | {type: apollo_mini, lr: 0.01} | 6 | 64 | 6",
        "BF16 | {type: apollo_mini, lr: 0.01} | 6 | 64 | 6",
        "FP32 | {type: muon, lr: 0.01} | 111 | 256 | 84",
        "BF16 | {type: muon, lr: 0.01} | 231 | 64 | 174",
        "FP32 | {type: muon, lr: 0.01, nesterov: false, cautious_decay: true, normalize: true} | 129 | 64 | 98",
        "FP32 | {type: muonh, lr: 0.01} | 159 | 256 | 123",
        "FP32 | {type: adamh, lr: 0.01} | 14 | 256 | 38"
    })
    void updatesTakeFewLaunches(String precision, String optimizer, int gpt, int width, int llama) {
        step(GPT, optimizer, precision);
        assertThat(update()).as("of GPT: %s", recorded).isBetween(2, gpt);
        step(LLAMA.formatted(width), optimizer, precision);
        assertThat(update()).as("of LLaMA: %s", recorded).isBetween(2, llama);
    }

    @ParameterizedTest
    @CsvSource({"FP32, 128, 399", "BF16, 205, 620"})
    void passesTakeFewLaunches(String precision, int gpt, int llama) {
        step(GPT, "{type: adamw, lr: 0.01}", precision);
        assertThat(passes()).as("of GPT: %s", recorded).isBetween(100, gpt);
        step(LLAMA.formatted(64), "{type: adamw, lr: 0.01}", precision);
        assertThat(passes()).as("of LLaMA: %s", recorded).isBetween(300, llama);
    }
}
