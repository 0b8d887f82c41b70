package org.windtunnel.backend.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
                "-Dwindtunnel.runs=" + directory.resolve("runs"),
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
                GOLDEN.resolve("resnet_tiny.json").toString(),
                "--backend",
                "cuda");
        assertThat(output.exitCode()).as(output.text()).isZero();
        try (var cached = Files.list(directory.resolve("cache").resolve("kernels"))) {
            // Runs of other tests may have left kernels of tensor cores beside them.
            assertThat(cached.count()).isGreaterThanOrEqualTo(KernelSource.all().size());
        }
    }

    @Test
    void aMachineWithoutAGpuIsToldSo() throws Exception {
        Output output = run(
                Map.of("WINDTUNNEL_NO_DEVICE", "1"), "verify", GOLDEN.resolve("adamw.json").toString(), "--backend", "cuda");
        assertThat(output.text()).contains("found none (CUDA_ERROR_NO_DEVICE (100))", "nvidia-smi");
    }

    @Test
    void whatCuda13DoesNotServeIsRefused() throws Exception {
        Output driver = train("old", Map.of("WINDTUNNEL_DRIVER", "12040"));
        assertThat(driver.text()).contains("driver for CUDA 13 (580 or newer), found one for CUDA 12.4");
        Output card = train("old", Map.of("WINDTUNNEL_CAPABILITY", "70"));
        assertThat(card.text()).contains("capability 7.5 or newer, which CUDA 13 serves, found stand-in with 7.0");
        assertThat(List.of(driver.exitCode(), card.exitCode())).containsOnly(2);
    }

    /** The first three graphs are done. */
    private static Map<String, String> fault(String name) {
        return Map.of("WINDTUNNEL_FAULT", directory.resolve(name).toString());
    }

    @Test
    void aFaultOfTheCardEndsTheRunWithOneMessage() throws Exception {
        Output output = train("fault", fault("fault-of-a-run"));
        assertThat(output.exitCode()).as(output.text()).isEqualTo(1);
        assertThat(output.text())
                .contains("CUDA_ERROR_ILLEGAL_ADDRESS (700), an illegal memory access was encountered; this process has lost")
                .doesNotContain("a defect of the program", "\tat ");
    }

    /** In a pack and alone: the process ends, and the next one does what was open. */
    @Test
    void aWorkerThatHasLostTheCardIsReplaced() throws Exception {
        for (String pack : List.of("16", "1")) {
            String name = "lost-" + pack;
            Output output = program("sweep", null, name, fault("fault-" + pack), sweep("sweep.pack=" + pack));
            assertThat(output.text()).contains("4 done, 2 diverged, 0 failed");
            String log = Files.readString(directory.resolve("runs").resolve(name).resolve("worker-0.log"));
            assertThat(log).contains("this process has lost the GPU");
        }
        assertThat(curves("lost-16")).hasSize(6).isEqualTo(curves("lost-1"));
    }

    private static final String LAUNCHED = "stand-in: graph launched";
    /** Two passes of 12 steps and of 3 evaluations, but for the first of each of the three kinds. */
    private static final int REPLAYS = 2 * 12 + 2 * 3 - 3;

    private Output train(String name, Map<String, String> environment, String... more) throws Exception {
        return program("train", null, name, environment, more);
    }

    /** @param subcommand null for none */
    private Output program(
            String command, String subcommand, String name, Map<String, String> environment, String... more)
            throws Exception {
        Path config = directory.resolve("tiny.yaml");
        Files.writeString(config, """
                name: tiny
                model: {family: gpt, width: 8, depth: 1, head_dim: 4, context: 8}
                data: {type: markov, vocab: 16, validation_tokens: 256}
                optimizer: {type: adamw, lr: 0.02}
                schedule: {type: cosine, warmup: 3}
                train: {steps: 12, batch: 4, micro_batch: 2, clip: 0.3, eval_every: 5, eval_sequences: 4}
                runtime: {backend: cuda}
                """);
        List<String> arguments = new ArrayList<>(List.of(command));
        if (subcommand != null) {
            arguments.add(subcommand);
        }
        arguments.addAll(List.of(config.toString(), "--set", "name=" + name));
        arguments.addAll(List.of(more));
        Map<String, String> all = new HashMap<>(environment);
        all.put("WINDTUNNEL_COUNT_GRAPHS", "1");
        return run(all, arguments.toArray(String[]::new));
    }

    /** 25 MB a step, of which two are queued at a time, through a ring of 32 MB of host memory. */
    @Test
    void uploadsDoNotOvertakeTheCard() throws Exception {
        String[] images = {"--set", "model={family: mlp, depth: 1, width: 4}", "--set",
                "data={type: shapes, size: 32, test_examples: 64}", "--set", "train={steps: 5, batch: 2048, eval_sequences: 64}",
                "--set", "optimizer.lr=0.001"};
        Output card = train("uploads", Map.of(), images);
        assertThat(card.exitCode()).as(card.text()).isZero();
        List<String> cpu = new ArrayList<>(List.of(images));
        cpu.addAll(List.of("--set", "runtime.backend=cpu"));
        Output host = train("uploads-on-cpu", Map.of(), cpu.toArray(String[]::new));
        assertThat(host.exitCode()).as(host.text()).isZero();
        assertThat(losses("uploads")).hasSize(5).containsExactly(losses("uploads-on-cpu"), within(1e-5));
    }

    private double[] losses(String name) throws IOException {
        Pattern loss = Pattern.compile("\"loss\":([^,}]+)");
        return curve(name).stream()
                .map(loss::matcher)
                .filter(Matcher::find)
                .mapToDouble(found -> Double.parseDouble(found.group(1)))
                .toArray();
    }

    /** Each call takes the stand-in half a millisecond. */
    @Test
    void kernelsAreTimedByEvents() throws Exception {
        Output output = program("bench", "kernels", "timed", Map.of(), "--steps", "2");
        assertThat(output.exitCode()).as(output.text()).isZero();
        assertThat(output.text())
                .contains("without what lies between them")
                .containsPattern("attention_forward_16_64 +2\\.0 +1\\.000 +[\\d.]+ % +500\\.0")
                .containsPattern("product 16 x 32 x 8 +4\\.0 +2\\.000")
                .contains("adamw");
    }

    /** Kernels for tensor cores are compiled and loaded when the first step needs them. */
    @Test
    void convolutionsOnTensorCoresAreLoadedOnDemand() throws Exception {
        for (String precision : List.of("bf16", "tf32")) {
            Output output = program("bench", "kernels", "images", Map.of(), "--steps", "1",
                    "--set", "model={family: resnet, depth: 8, width: 16}", "--set", "data={type: shapes, size: 16}",
                    "--set", "runtime.precision=" + precision);
            assertThat(output.exitCode()).as(output.text()).isZero();
            assertThat(output.text())
                    .contains("tensor_convolution_" + precision + "_16", "tensor_filter_gradient_" + precision + "_64")
                    .doesNotContain("window_columns");
        }
    }

    private List<String> curve(String name) throws IOException {
        List<List<String>> curves = curves(name);
        assertThat(curves).hasSize(1);
        return curves.get(0);
    }

    /** Of all runs of a sweep, in the order of their directories. */
    private List<List<String>> curves(String name) throws IOException {
        List<List<String>> curves = new ArrayList<>();
        try (var files = Files.walk(directory.resolve("runs").resolve(name))) {
            for (Path curve : files.filter(path -> path.endsWith("curve.jsonl")).sorted().toList()) {
                curves.add(lines(curve));
            }
        }
        return curves;
    }

    private static List<String> lines(Path curve) throws IOException {
        return Files.readAllLines(curve).stream()
                .map(line -> line.replaceAll(",\"(tokens_per_s|time_s)\":[^,}]+", ""))
                .toList();
    }

    /** Options of six runs. */
    private static String[] sweep(String... settings) {
        List<String> all = new ArrayList<>(List.of("--set", "sweep={}", "--set",
                "sweep.grids=[{optimizer.lr: [0.01, 0.02, 1e6], optimizer.weight_decay: [0.1, 0.3]}]"));
        for (String setting : settings) {
            all.addAll(List.of("--set", setting));
        }
        return all.toArray(String[]::new);
    }

    private int graphs(String name) throws IOException {
        Path log = directory.resolve("runs").resolve(name).resolve("worker-0.log");
        return Files.readString(log).split(LAUNCHED, -1).length - 1;
    }

    /** Six runs, of which two diverge at once. */
    @Test
    void aSweepTrainsRunsAtOnceToTheBitsTheyHaveAlone() throws Exception {
        List<String> dry = new ArrayList<>(List.of(sweep()));
        dry.add("--dry-run");
        Output plan = program("sweep", null, "packed", Map.of(), dry.toArray(String[]::new));
        assertThat(plan.text()).contains("at once on one GPU, as far as its memory goes: 6 runs, ");
        Output packed = program("sweep", null, "packed", Map.of(), sweep());
        assertThat(packed.text()).contains("4 done, 2 diverged, 0 failed");
        Output single = program("sweep", null, "single", Map.of(), sweep("sweep.pack=1"));
        assertThat(single.text()).contains("4 done, 2 diverged, 0 failed");
        assertThat(curves("packed")).hasSize(6).isEqualTo(curves("single"));
        assertThat(graphs("packed")).isLessThan(graphs("single") / 3);
        String log = Files.readString(directory.resolve("runs").resolve("packed").resolve("worker-0.log"));
        assertThat(log).contains("6 of 6 runs at once", "are made for all at once").doesNotContain("unstacked");
    }

    /** Through the driver's own calls for capturing a stream. */
    @Test
    void replayedGraphsTrainToTheSameBitsAsLaunches() throws Exception {
        Output graphs = train("graphs", Map.of());
        assertThat(graphs.exitCode()).as(graphs.text()).isZero();
        assertThat(graphs.text().split(LAUNCHED, -1)).hasSize(REPLAYS + 1);
        Output launches = train("launches", Map.of(), "--set", "runtime.cuda_graphs=false");
        assertThat(launches.text()).doesNotContain(LAUNCHED);
        Output refused = train("refused", Map.of("WINDTUNNEL_NO_CAPTURE", "1"));
        assertThat(refused.exitCode()).as(refused.text()).isZero();
        assertThat(refused.text()).doesNotContain(LAUNCHED).contains("cannot be recorded as a CUDA graph", "(901)");
        for (String optimizer : List.of("muon", "apollo")) {
            Output updates = train(optimizer, Map.of(), "--set", "optimizer.type=" + optimizer);
            assertThat(updates.text().split(LAUNCHED, -1)).hasSize(REPLAYS + 1);
            train(optimizer + "-launched", Map.of(), "--set", "optimizer.type=" + optimizer, "--set",
                    "runtime.cuda_graphs=false");
            assertThat(curve(optimizer)).hasSize(12).isEqualTo(curve(optimizer + "-launched"));
        }
        assertThat(curve("graphs")).hasSize(12).isEqualTo(curve("launches")).isEqualTo(curve("refused"));
        String[] rounded = {"--set", "runtime.precision=bf16", "--set", "runtime.cuda_graphs=true"};
        assertThat(train("rounded", Map.of(), rounded).text().split(LAUNCHED, -1)).hasSize(REPLAYS + 1);
        rounded[3] = "runtime.cuda_graphs=false";
        train("rounded-launched", Map.of(), rounded);
        assertThat(curve("rounded")).hasSize(12).isEqualTo(curve("rounded-launched")).isNotEqualTo(curve("graphs"));
    }
}
