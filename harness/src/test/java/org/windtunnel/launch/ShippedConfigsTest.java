package org.windtunnel.launch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.config.ConfigWriter;

/** Every file under configs/ loads, expands, and its runs read back from their resolved form. */
class ShippedConfigsTest {

    static List<Path> configs() throws IOException {
        Path directory = Files.isDirectory(Path.of("configs")) ? Path.of("configs") : Path.of("..", "configs");
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(".yaml")).sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("configs")
    void loadsAndExpands(Path config) {
        List<PlannedRun> runs = SweepPlan.expand(
                ConfigLoader.load(config, List.of()), spec -> Map.of("params.total", 1e6, "params.non_embedding", 1e6));
        assertThat(runs).isNotEmpty().allSatisfy(run ->
                assertThat(ConfigLoader.parse(ConfigWriter.yaml(run.spec()), run.runId())).isEqualTo(run.spec()));
        assertThat(runs).extracting(PlannedRun::runId).doesNotHaveDuplicates();
    }
}
