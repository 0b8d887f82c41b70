package org.windtunnel.backend;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.nd4j.linalg.factory.Nd4j;

/** The BLAS library that {@link Natives} led to: name, version, core type, threads. */
public final class BlasSetup {
    private static final int OPENBLAS = 2;
    private static final int MKL = 3;
    private static final int VERSION_LENGTH = 198;

    private BlasSetup() {}

    /**
     * Makes BLAS compute in the calling thread, so that the caller's own threads do not compete with its pool.
     *
     * <p>ND4J gives BLAS all cores when it starts, so it is started first.
     */
    public static void singleThreaded() {
        Natives.prepare();
        Nd4j.getBlasWrapper();
        openblas_nolapack.blas_set_num_threads(1);
    }

    /** Name, version and core type as the loaded library reports them. */
    public static String describe() {
        Natives.prepare();
        int vendor = openblas_nolapack.blas_get_vendor();
        try {
            return switch (vendor) {
                case OPENBLAS -> openblas();
                case MKL -> mkl();
                default -> "unknown BLAS";
            };
        } catch (UnsatisfiedLinkError e) {
            return vendor == OPENBLAS ? "OpenBLAS, core type " + Natives.coreType() : "MKL";
        }
    }

    /** The configuration string reads {@code OpenBLAS 0.3.19 NO_LAPACKE DYNAMIC_ARCH ... SkylakeX MAX_THREADS=64}. */
    private static String openblas() {
        String config = function("openblas_get_config").invokeString(new Object[0], false).trim();
        String core = function("openblas_get_corename").invokeString(new Object[0], false);
        String[] words = config.split("\\s+");
        String version = words.length > 1 ? " " + words[1] : "";
        return "OpenBLAS" + version + ", core type " + core;
    }

    private static String mkl() {
        byte[] text = new byte[VERSION_LENGTH];
        function("MKL_Get_Version_String").invokeVoid(new Object[] {text, text.length});
        return new String(text, java.nio.charset.StandardCharsets.US_ASCII).replace('\0', ' ').trim();
    }

    private static Function function(String name) {
        return NativeLibrary.getProcess().getFunction(name);
    }
}
