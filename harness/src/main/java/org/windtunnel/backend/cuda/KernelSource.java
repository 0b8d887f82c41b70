package org.windtunnel.backend.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A CUDA C source with the definitions that all share put before it, and every kernel made one that several runs can
 * share: common.cuh says how.
 *
 * @param name file name
 */
public record KernelSource(String name, String text) {
    private static final String COMMON = "common.cuh";
    private static final List<String> FILES =
            List.of("elementwise.cu", "conversions.cu", "activations.cu", "reduce.cu", "norm.cu", "tokens.cu",
                    "rope.cu", "attention.cu", "slices.cu", "update.cu", "projection.cu", "images.cu", "windows.cu");
    private static final List<String> TENSOR_FILES = List.of("mma.cuh", "tiles.cuh");
    /** Begins a file within a source. */
    static final String SECTION = "#line 1 \"";

    /** A kernel's head up to its body: its parameters in group 2. {@code #} for names that a macro puts together. */
    private static final Pattern KERNEL =
            Pattern.compile("(extern \"C\" __global__ void (?:__launch_bounds__\\([^)]*\\)[\\s\\\\]*)?[\\w#]+\\()"
                    + "([^)]*)\\)\\s*\\{");
    private static final Pattern POINTER = Pattern.compile("\\*\\s*(?:__restrict__\\s+)?(\\w+)[\\s\\\\]*$");
    private static final Pattern OWN_Z = Pattern.compile("\\b(?:blockIdx|gridDim)\\.z\\b");

    /** The sources of all kernels of this backend but those on tensor cores. */
    public static List<KernelSource> all() {
        return FILES.stream().map(file -> new KernelSource(file, common() + section(file))).toList();
    }

    /**
     * The source of kernels on tensor cores of one size.
     *
     * @param family name of the file they are written in
     * @param size name of the size
     * @param kernels the line that makes its kernels
     */
    static KernelSource tensor(String family, String size, String kernels) {
        String file = family + "_" + size + ".cu";
        StringBuilder text = new StringBuilder(common());
        TENSOR_FILES.forEach(part -> text.append(section(part)));
        return new KernelSource(file, text + section(family + ".cu") + section(file, stacked(file, kernels)));
    }

    private static String common() {
        return section(COMMON, read(COMMON));
    }

    private static String section(String file) {
        return section(file, stacked(file, read(file)));
    }

    private static String section(String file, String text) {
        return SECTION + file + "\"\n" + text + "\n";
    }

    /**
     * Gives every kernel the parameters of a stacked launch, and lets it begin with moving its pointers to its own
     * run's memory. No line is added, so that compilers name the right ones.
     *
     * @throws IllegalStateException if a kernel looks at the grid's z by itself, which is not its own
     */
    static String stacked(String file, String text) {
        if (OWN_Z.matcher(text).find()) {
            throw new IllegalStateException(file + " uses blockIdx.z or gridDim.z; in a kernel's body STACK_Z is its own "
                    + "z, and stackDepth how many there are");
        }
        Matcher kernels = KERNEL.matcher(text);
        StringBuilder found = new StringBuilder();
        while (kernels.find()) {
            StringBuilder body = new StringBuilder(" const i64 stackShift = shiftInStack(stackStride, stackDepth);");
            for (String parameter : kernels.group(2).split(",")) {
                Matcher pointer = POINTER.matcher(parameter);
                if (pointer.find()) {
                    String x = pointer.group(1);
                    body.append(' ').append(x).append(" = inStack(").append(x).append(", stackShift);");
                }
            }
            String head = kernels.group(1) + kernels.group(2) + ", i64 stackStride, unsigned int stackDepth) {";
            kernels.appendReplacement(found, Matcher.quoteReplacement(head + body));
        }
        return kernels.appendTail(found).toString();
    }

    private static String read(String file) {
        try (InputStream in = KernelSource.class.getResourceAsStream(file)) {
            if (in == null) {
                throw new IllegalStateException("the kernel source " + file + " is not on the class path");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
