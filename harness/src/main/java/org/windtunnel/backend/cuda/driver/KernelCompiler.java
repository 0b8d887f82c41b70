package org.windtunnel.backend.cuda.driver;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.bytedeco.cuda.global.nvrtc;
import org.bytedeco.cuda.nvrtc._nvrtcProgram;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.bytedeco.javacpp.SizeTPointer;
import org.windtunnel.backend.cuda.DeviceException;
import org.windtunnel.backend.cuda.KernelSource;

/** Compiles kernel sources with NVRTC, for which no GPU is needed, and keeps what comes out on disk. */
final class KernelCompiler {
    private static final String STANDARD = "--std=c++17";
    private static final String PORTABLE = "compute_";
    /** Comes with NVRTC and is found by it, or not. */
    private static final String BUILTINS = "libnvrtc-builtins";

    private final String version;
    private final int[] architectures;

    KernelCompiler() {
        int[] major = new int[1];
        int[] minor = new int[1];
        Status.compiler(nvrtc.nvrtcVersion(major, minor), "asking NVRTC for its version");
        version = major[0] + "." + minor[0];
        int[] count = new int[1];
        Status.compiler(nvrtc.nvrtcGetNumSupportedArchs(count), "asking NVRTC for its architectures");
        architectures = new int[count[0]];
        Status.compiler(nvrtc.nvrtcGetSupportedArchs(architectures), "asking NVRTC for its architectures");
    }

    /** NVRTC's version. */
    String version() {
        return version;
    }

    /**
     * Machine code for a card, or, where the card is newer than NVRTC, portable code that the driver compiles.
     *
     * @param capability ten times the card's compute capability, as in 90
     * @throws DeviceException with the compiler's messages
     */
    byte[] compile(KernelSource source, int capability) {
        String architecture = architecture(capability, architectures);
        boolean portable = architecture.startsWith(PORTABLE);
        String key = KernelCache.key(source.text(), architecture, version);
        return KernelCache.get(key).orElseGet(() -> {
            byte[] code = compile(source, architecture, portable);
            KernelCache.put(key, code);
            return code;
        });
    }

    /**
     * That of the card, or the newest before it where NVRTC does not know the card's.
     *
     * @throws DeviceException if NVRTC knows newer ones only
     */
    static String architecture(int capability, int... known) {
        int nearest = Arrays.stream(known).filter(one -> one <= capability).max().orElseThrow(() ->
                new DeviceException("NVRTC compiles for compute capability "
                        + Arrays.stream(known).min().orElse(0) / 10.0 + " and newer, found " + capability / 10.0));
        return (nearest == capability ? "sm_" : PORTABLE) + nearest;
    }

    /** Compiles without looking at the cache. */
    static byte[] compile(KernelSource source, String architecture, boolean portable) {
        _nvrtcProgram program = new _nvrtcProgram();
        try (BytePointer text = new BytePointer(source.text(), StandardCharsets.UTF_8);
                BytePointer name = new BytePointer(source.name(), StandardCharsets.UTF_8);
                PointerPointer<BytePointer> options =
                        new PointerPointer<>(STANDARD, "--gpu-architecture=" + architecture)) {
            Status.compiler(
                    nvrtc.nvrtcCreateProgram(program, text, name, 0, (PointerPointer<?>) null, null),
                    "starting to compile " + source.name());
            if (nvrtc.nvrtcCompileProgram(program, 2, options) != 0) {
                String log = log(program);
                throw new DeviceException(source.name() + " does not compile for " + architecture + ":\n" + log
                        + (log.contains(BUILTINS) ? "\nput the folder of " + BUILTINS + ".so into LD_LIBRARY_PATH" : ""));
            }
            return portable ? portableCode(program) : machineCode(program);
        } finally {
            nvrtc.nvrtcDestroyProgram(program);
        }
    }

    private static String log(_nvrtcProgram program) {
        try (SizeTPointer size = new SizeTPointer(1)) {
            nvrtc.nvrtcGetProgramLogSize(program, size);
            byte[] text = new byte[Math.toIntExact(size.get())];
            nvrtc.nvrtcGetProgramLog(program, text);
            return new String(text, StandardCharsets.UTF_8).trim();
        }
    }

    private static byte[] machineCode(_nvrtcProgram program) {
        try (SizeTPointer size = new SizeTPointer(1)) {
            Status.compiler(nvrtc.nvrtcGetCUBINSize(program, size), "fetching machine code");
            byte[] code = new byte[Math.toIntExact(size.get())];
            Status.compiler(nvrtc.nvrtcGetCUBIN(program, code), "fetching machine code");
            return code;
        }
    }

    private static byte[] portableCode(_nvrtcProgram program) {
        try (SizeTPointer size = new SizeTPointer(1)) {
            Status.compiler(nvrtc.nvrtcGetPTXSize(program, size), "fetching PTX");
            byte[] code = new byte[Math.toIntExact(size.get())];
            Status.compiler(nvrtc.nvrtcGetPTX(program, code), "fetching PTX");
            return code;
        }
    }
}
