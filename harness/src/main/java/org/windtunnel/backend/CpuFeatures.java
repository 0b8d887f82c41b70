package org.windtunnel.backend;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.windtunnel.config.ConfigException;

/**
 * What the processor can do, as Linux reports it.
 *
 * @param vendor vendor_id, e.g. {@code GenuineIntel}, {@code AuthenticAMD}; empty if unknown
 * @param model model name; empty if unknown
 * @param flags instruction-set flags in the kernel's spelling ({@code avx2}, {@code avx512f} ...)
 */
public record CpuFeatures(String vendor, String model, Set<String> flags) {
    private static final Path CPUINFO = Path.of("/proc/cpuinfo");

    /** The set OpenBLAS's SKYLAKEX kernels use. */
    private static final Set<String> SKYLAKEX = Set.of("avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl");

    /** The features of this machine; empty where there is no /proc/cpuinfo or it is not an x86 one. */
    public static CpuFeatures read() {
        try {
            return parse(Files.readString(CPUINFO));
        } catch (IOException e) {
            return new CpuFeatures("", "", Set.of());
        }
    }

    /** Reads the text of /proc/cpuinfo: the first processor's entries. */
    public static CpuFeatures parse(String cpuinfo) {
        String vendor = field(cpuinfo, "vendor_id");
        String model = field(cpuinfo, "model name");
        String flags = field(cpuinfo, "flags").toLowerCase(Locale.ROOT);
        Set<String> set = Arrays.stream(flags.split("\\s+")).filter(s -> !s.isEmpty()).collect(Collectors.toSet());
        return new CpuFeatures(vendor, model, Set.copyOf(set));
    }

    private static String field(String text, String key) {
        for (String line : text.split("\n")) {
            int colon = line.indexOf(':');
            if (colon > 0 && line.substring(0, colon).trim().equals(key)) {
                return line.substring(colon + 1).trim();
            }
        }
        return "";
    }

    /** False where the operating system does not say (not Linux, or not x86). */
    public boolean known() {
        return !flags.isEmpty();
    }

    public boolean hasAvx() {
        return flags.contains("avx");
    }

    public boolean hasAvx2() {
        return flags.contains("avx2");
    }

    /** Unknown processors count as having it: every 64-bit Arm does. */
    public boolean hasFma() {
        return !known() || flags.contains("fma");
    }

    /** The AVX-512 subset that server kernels are written for. */
    public boolean hasAvx512() {
        return flags.containsAll(SKYLAKEX);
    }

    /**
     * Refuses a processor that the native libraries would crash on.
     *
     * @throws ConfigException if the flags are known and AVX is not among them
     */
    public void requireAvx() {
        if (known() && !hasAvx()) {
            throw new ConfigException("the CPU kernels need a processor with AVX; /proc/cpuinfo shows "
                    + (model.isEmpty() ? "a processor" : "'" + model + "'")
                    + " without the flag 'avx'. In a virtual machine, pass the host's CPU model through"
                    + " (QEMU: -cpu host), or run on another machine.");
        }
    }

    /** Model name and instruction set, for display. */
    public String display() {
        return (model.isEmpty() ? System.getProperty("os.arch") : model) + ", " + level();
    }

    /** Highest instruction set of use here, for display. */
    public String level() {
        if (!known()) {
            return "unknown";
        }
        return hasAvx512() ? "AVX-512" : hasAvx2() ? "AVX2" : hasAvx() ? "AVX" : "SSE";
    }
}
