package org.windtunnel.backend.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A CUDA C source with the definitions that all share put before it.
 *
 * @param name file name
 */
public record KernelSource(String name, String text) {
    private static final String COMMON = "common.cuh";
    private static final List<String> FILES =
            List.of("elementwise.cu", "reduce.cu", "norm.cu", "tokens.cu", "attention.cu", "update.cu", "images.cu",
                    "windows.cu");

    /** The sources of all kernels of this backend. */
    public static List<KernelSource> all() {
        String common = read(COMMON);
        return FILES.stream()
                .map(file -> new KernelSource(
                        file,
                        "#line 1 \"" + COMMON + "\"\n" + common + "\n#line 1 \"" + file + "\"\n" + read(file)))
                .toList();
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
