package org.windtunnel.bench;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.registry.Backends;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.data.Dataset;
import org.windtunnel.train.ModelPlan;
import org.windtunnel.train.RunExecutor;

/** What {@link KernelBench} times on a card is tested with the driver's stand-in. */
class KernelBenchTest {
    @TempDir
    private Path directory;

    @Test
    void aBackendWithoutAClockIsRefusedWithWhatToUse() throws Exception {
        Path config = directory.resolve("tiny.yaml");
        Files.writeString(config, """
                name: tiny
                model: {family: gpt, width: 8, depth: 1, head_dim: 4, context: 8}
                data: {type: markov, vocab: 16, validation_tokens: 256}
                optimizer: {type: adamw, lr: 0.02}
                train: {steps: 12, batch: 4}
                """);
        ExperimentSpec spec = ConfigLoader.bind(ConfigLoader.load(config, List.of()).experiment());
        try (RunExecutor executor = new RunExecutor(directory)) {
            Dataset data = executor.dataset(spec.data());
            ModelPlan plan = ModelPlan.of(spec, data.shape());
            try (Backend backend = Backends.open(spec.runtime())) {
                assertThatThrownBy(() -> KernelBench.run(plan, data, backend, 0, 1))
                        .isInstanceOf(ConfigException.class)
                        .hasMessageContaining("expected cuda")
                        .hasMessageContaining("found cpu");
            }
        }
    }
}
