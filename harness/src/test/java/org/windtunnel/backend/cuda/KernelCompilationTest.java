package org.windtunnel.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every kernel compiles for A100, Hopper and Blackwell, where there is an nvcc; no GPU is needed. */
class KernelCompilationTest {
    private static final int[] ARCHITECTURES = {80, 90, 100};
    private static final List<KernelSource> SOURCES = sources();

    /** Kernels on tensor cores in one size for each type of operands: g++ has seen the others. */
    private static List<KernelSource> sources() {
        List<KernelSource> sources = new ArrayList<>(KernelSource.all());
        Stream.concat(AttentionTiles.sources().stream(), ConvolutionTiles.sources().stream())
                .filter(s -> s.name().endsWith("_64.cu"))
                .forEach(sources::add);
        sources.add(Emulation.fragments());
        return sources;
    }

    @Test
    void everyKernelCompilesForEachGeneration(@TempDir Path directory) throws Exception {
        Map<String, Process> running = new LinkedHashMap<>();
        try {
            for (KernelSource source : SOURCES) {
                Path file = directory.resolve(source.name());
                Files.writeString(file, source.text());
            }
            for (int architecture : ARCHITECTURES) {
                List<String> command = new ArrayList<>(List.of("nvcc", "-std=c++17", "-cubin", "-arch=sm_" + architecture));
                for (KernelSource source : SOURCES) {
                    command.add(directory.resolve(source.name()).toString());
                }
                Path output = Files.createDirectories(directory.resolve("sm_" + architecture));
                running.put("sm_" + architecture, new ProcessBuilder(command)
                        .directory(output.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(output.resolve("log").toFile())
                        .start());
            }
        } catch (IOException e) {
            System.out.println("skipped: kernels for each generation of cards: no nvcc (" + e.getMessage() + ")");
            Assumptions.abort("no nvcc");
        }
        for (Map.Entry<String, Process> compiler : running.entrySet()) {
            int exit = compiler.getValue().waitFor();
            Path output = directory.resolve(compiler.getKey());
            assertThat(exit)
                    .as("nvcc for %s:%n%s", compiler.getKey(), Files.readString(output.resolve("log"), StandardCharsets.UTF_8))
                    .isZero();
            for (KernelSource source : SOURCES) {
                assertThat(output.resolve(source.name().replace(".cu", ".cubin"))).exists();
            }
        }
    }
}
