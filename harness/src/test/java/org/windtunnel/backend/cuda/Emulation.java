package org.windtunnel.backend.cuda;

import com.sun.jna.Library;
import com.sun.jna.Native;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;

/** The kernels as a library for this processor, built by the system's compiler once for all tests of a JVM. */
final class Emulation {
    /** The library's functions; see emulation.cc. */
    interface Kernels extends Library {
        void emulation_order(int lastFirst);

        long emulation_kernel(String name);

        long emulation_pointers(long kernel);

        int emulation_launch(
                long kernel, int x, int y, int z, int threads, int sharedBytes, ByteBuffer arguments, long bytes);

        void emulation_gemm(
                int type,
                int transA,
                int transB,
                int m,
                int n,
                int k,
                float alpha,
                long a,
                int lda,
                long strideA,
                long b,
                int ldb,
                long strideB,
                float beta,
                long c,
                int roundsC,
                int ldc,
                long strideC,
                int batch);
    }

    private static final Pattern KERNEL =
            Pattern.compile("extern \"C\" __global__ void (?:__launch_bounds__\\(\\w+\\) )?(\\w+)\\(");
    private static final Pattern ATTENTION = Pattern.compile("(?m)^ATTENTION\\((\\d+), (\\d+)\\)");
    private static final List<String> ATTENTION_KERNELS =
            List.of("attention_forward", "attention_backward_keys", "attention_backward_queries");
    private static final Pattern TENSOR_ATTENTION = Pattern.compile("(?m)^TENSOR_ATTENTION\\((\\w+), \\w+, (\\d+),");
    private static final List<String> TENSOR_KERNELS =
            List.of("tensor_forward", "tensor_delta", "tensor_backward_keys", "tensor_backward_queries");
    private static final Pattern TENSOR_CONVOLUTION =
            Pattern.compile("(?m)^TENSOR_CONVOLUTION\\((\\w+), \\w+, (\\d+),");
    private static final List<String> CONVOLUTION_KERNELS = List.of("tensor_convolution", "tensor_filter_gradient");
    private static final long BUILD_SECONDS = 300;

    private static Kernels kernels;
    private static String missing;

    private Emulation() {}

    /** The library; ends the test as skipped, with the reason, where it cannot be built. */
    static synchronized Kernels kernels() {
        if (kernels == null && missing == null) {
            build();
        }
        if (missing != null) {
            System.out.println("skipped: kernels on the processor: " + missing);
        }
        Assumptions.assumeTrue(missing == null, missing);
        return kernels;
    }

    private static void build() {
        String arch = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        if (!arch.equals("amd64") && !arch.equals("x86_64")) {
            missing = "their fibers are written for x86-64, this is " + arch;
            return;
        }
        try {
            Path directory = Files.createTempDirectory("windtunnel-kernels");
            directory.toFile().deleteOnExit();
            Path library = directory.resolve("libkernels.so");
            compile(library, translationUnit());
            library.toFile().deleteOnExit();
            kernels = (Kernels) Native.loadLibrary(library.toString(), Kernels.class);
        } catch (IOException e) {
            missing = "no g++ (" + e.getMessage() + ")";
        }
    }

    /**
     * Builds libraries with the names of the driver's and CUDA's, in which driver.cc and nvrtc.cc serve their
     * calls.
     *
     * @throws IOException if there is no g++
     */
    static void buildDriver(Path directory) throws IOException {
        Path driver = directory.resolve("libcuda.so.1");
        compile(driver, translationUnit() + resource("driver.cc"), "-Wl,-soname,libcuda.so.1");
        for (String name : List.of("libcudart.so.13", "libcublas.so.13", "libcublasLt.so.13")) {
            compile(directory.resolve(name), "", "-Wl,-soname," + name, "-Wl,--no-as-needed", driver.toString());
        }
        compile(directory.resolve("libnvrtc.so.13"), resource("nvrtc.cc"), "-Wl,-soname,libnvrtc.so.13");
    }

    /** Builds a library. @throws IOException if there is no g++ */
    private static void compile(Path library, String text, String... options) throws IOException {
        Path source = Files.createTempFile(library.getParent(), "kernels", ".cc");
        try {
            Files.writeString(source, text);
            List<String> command = new ArrayList<>(List.of("g++", "-std=c++17", "-O1", "-march=native", "-w", "-fPIC",
                    "-shared", "-o", library.toString(), source.toString()));
            command.addAll(List.of(options));
            Process compiler = new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(compiler.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!compiler.waitFor(BUILD_SECONDS, TimeUnit.SECONDS) || compiler.exitValue() != 0) {
                throw new AssertionError("g++ does not compile the kernels:\n" + output);
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        } finally {
            Files.delete(source);
        }
    }

    /** All sources that a backend may load, and one that only a test loads. */
    static List<KernelSource> sources() {
        List<KernelSource> sources = new ArrayList<>(KernelSource.all());
        sources.addAll(AttentionTiles.sources());
        sources.addAll(ConvolutionTiles.sources());
        sources.add(fragments());
        return sources;
    }

    /** Kernels that show which lane of a warp holds what. */
    static KernelSource fragments() {
        return KernelSource.tensor("tensor_attention", "fragments", resource("fragments.cu"));
    }

    /** The kernels between the header and the scheduler, with a table of their names and types. */
    private static String translationUnit() {
        StringBuilder text = new StringBuilder(resource("emulation.h")).append(resource("tensor_cores.h"));
        StringBuilder table = new StringBuilder("namespace emulation {\nstatic const Kernel KERNELS[] = {\n");
        Set<String> sections = new HashSet<>();
        for (KernelSource source : sources()) {
            // Definitions that several share are in each source; here they may come once.
            for (String section : source.text().split("(?=" + KernelSource.SECTION + ")")) {
                if (sections.add(section)) {
                    text.append(section);
                }
            }
            names(source.text()).forEach(name ->
                    table.append("kernel(\"").append(name).append("\", ").append(name).append("),\n"));
        }
        return text.append(table).append("};\n}\n").append(resource("emulation.cc")).toString();
    }

    /** Names of a source's kernels. */
    static List<String> names(String text) {
        List<String> names = new ArrayList<>();
        for (Matcher m = KERNEL.matcher(text); m.find(); ) {
            if (!m.group(1).endsWith("_")) {
                names.add(m.group(1));
            }
        }
        made(names, text, TENSOR_ATTENTION, TENSOR_KERNELS);
        made(names, text, TENSOR_CONVOLUTION, CONVOLUTION_KERNELS);
        made(names, text, ATTENTION, ATTENTION_KERNELS);
        return names;
    }

    /** Adds the names that a macro puts together. */
    private static void made(List<String> names, String text, Pattern macro, List<String> kernels) {
        for (Matcher m = macro.matcher(text); m.find(); ) {
            for (String kernel : kernels) {
                names.add(kernel + "_" + m.group(1) + "_" + m.group(2));
            }
        }
    }

    private static String resource(String name) {
        try (InputStream in = Emulation.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
