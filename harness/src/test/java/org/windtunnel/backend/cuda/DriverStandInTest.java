package org.windtunnel.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The program with {@code --backend cuda} in a process whose NVIDIA driver and CUDA libraries are the stand-in of
 * driver.cc: loading, device memory, transfers, launches and products go the way they go on a GPU.
 */
class DriverStandInTest {
    private static final Path GOLDEN = Path.of("src", "test", "resources", "golden");
    private static final String BINDINGS = "org/bytedeco/cuda/linux-x86_64/libjnicudart.so";

    @TempDir
    private static Path directory;

    @BeforeAll
    static void build() throws IOException {
        boolean bindings = DriverStandInTest.class.getClassLoader().getResource(BINDINGS) != null;
        if (!bindings) {
            System.out.println("skipped: the driver's stand-in: no CUDA bindings on the class path, test with -Pcuda");
        }
        Assumptions.assumeTrue(bindings);
        Emulation.kernels();
        Emulation.buildDriver(directory);
    }

    private record Output(int exitCode, String text) {}

    private static Output run(Map<String, String> environment, String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "--add-modules",
                "jdk.incubator.vector",
                "-Dwindtunnel.cache=" + directory.resolve("cache"),
                "-cp",
                System.getProperty("java.class.path"),
                "org.windtunnel.cli.Main"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("LD_LIBRARY_PATH", directory.toString());
        builder.environment().putAll(environment);
        Process process = builder.start();
        String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Output(process.waitFor(), text);
    }

    @Test
    void goldenModelsPass() throws Exception {
        Output output = run(
                Map.of(),
                "verify",
                GOLDEN.resolve("gpt_tiny.json").toString(),
                GOLDEN.resolve("llama_tiny.json").toString(),
                "--backend",
                "cuda");
        assertThat(output.exitCode()).as(output.text()).isZero();
        try (var cached = Files.list(directory.resolve("cache").resolve("kernels"))) {
            assertThat(cached.count()).isEqualTo(KernelSource.all().size());
        }
    }

    @Test
    void aMachineWithoutAGpuIsToldSo() throws Exception {
        Output output = run(
                Map.of("WINDTUNNEL_NO_DEVICE", "1"), "verify", GOLDEN.resolve("adamw.json").toString(), "--backend", "cuda");
        assertThat(output.text()).contains("found none (CUDA_ERROR_NO_DEVICE (100))", "nvidia-smi");
    }
}
