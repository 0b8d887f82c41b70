package org.windtunnel.backend;

import com.sun.jna.NativeLibrary;
import java.util.Locale;

/**
 * Sets the native libraries up before ND4J loads them.
 *
 * <p>OpenBLAS picks its kernels once, in its library constructor, by processor model. A build older than the processor
 * falls back to kernels several times too slow, so the choice is made here from the instruction set and handed over
 * through the environment variable OPENBLAS_CORETYPE. The variable has to be in the C environment of this process
 * before the library is opened: {@link #prepare()} runs before the first use of ND4J, and each backend calls it.
 */
public final class Natives {
    private static final String CORE_TYPE = "OPENBLAS_CORETYPE";
    private static final CpuFeatures FEATURES = CpuFeatures.read();

    private static boolean prepared;
    private static String coreType = "chosen by OpenBLAS";

    private Natives() {}

    /** The processor of this machine. */
    public static CpuFeatures features() {
        return FEATURES;
    }

    /**
     * Checks the processor and chooses the BLAS kernels; later calls do nothing.
     *
     * @throws org.windtunnel.config.ConfigException if the processor has no AVX
     */
    public static synchronized void prepare() {
        if (prepared) {
            return;
        }
        FEATURES.requireAvx();
        String wanted = System.getenv(CORE_TYPE);
        if (wanted != null && !wanted.isBlank()) {
            coreType = wanted + " (from the environment)";
        } else {
            wanted = coreTypeFor(FEATURES);
            if (wanted != null && isLinux() && setenv(CORE_TYPE, wanted)) {
                coreType = wanted;
            }
        }
        prepared = true;
    }

    /**
     * The OpenBLAS core type for a processor, or null to let OpenBLAS decide.
     *
     * <p>Measured with the bundled 0.3.19 on one thread of an AMD Zen 4 (GFLOPS of the products of a GPT layer at width
     * 256, then milliseconds of its attention forward and backward): SKYLAKEX 84, 8.9 + 12.0; COOPERLAKE 86, 8.1 +
     * 13.0; HASWELL 80, 10.8 + 22.5. OpenBLAS 0.3.31 and MKL 2022 gave 86, 8.3 + 11.7 and 86, 9.3 + 11.8.
     */
    static String coreTypeFor(CpuFeatures cpu) {
        if (cpu.hasAvx512()) {
            return "SKYLAKEX";
        }
        return cpu.hasAvx2() && cpu.hasFma() ? "HASWELL" : null;
    }

    /** The OpenBLAS core type in force, for display. */
    public static synchronized String coreType() {
        return coreType;
    }

    private static boolean isLinux() {
        return System.getProperty("os.name", "").toLowerCase(Locale.ROOT).contains("linux");
    }

    private static boolean setenv(String name, String value) {
        return NativeLibrary.getInstance("c").getFunction("setenv").invokeInt(new Object[] {name, value, 1}) == 0;
    }
}
