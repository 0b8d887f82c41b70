package org.windtunnel.train;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A step of a run leaves no garbage. Measured in a process of its own, as runs are: what the JIT compiler makes of the
 * vector loops depends on what else the process has run.
 */
class StepAllocationTest {

    @ParameterizedTest
    @EnumSource(StepAllocation.Model.class)
    void aStepAllocatesNothingAfterWarmUp(StepAllocation.Model model) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-XX:+UseSerialGC",
                        "--add-modules",
                        "jdk.incubator.vector",
                        "-cp",
                        System.getProperty("java.class.path"),
                        StepAllocation.class.getName(),
                        model.name()))
                .redirectErrorStream(true)
                .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
    }
}
