package org.windtunnel.backend;

import com.sun.jna.Library;
import com.sun.jna.NativeLibrary;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas_nolapack;
import org.nd4j.linalg.factory.Nd4j;

/** The BLAS library that {@link Natives} led to. */
public final class BlasSetup {
    private static final int OPENBLAS = 2;
    private static final int MKL = 3;
    private static final int VERSION_LENGTH = 198;
    private static final int RTLD_LAZY = 1;

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
        } catch (LinkageError e) {
            return vendor == OPENBLAS ? "OpenBLAS, core type " + Natives.coreType() : "MKL";
        }
    }

    /** The configuration string reads {@code OpenBLAS 0.3.19 NO_LAPACKE DYNAMIC_ARCH ... SkylakeX MAX_THREADS=64}. */
    private static String openblas() {
        NativeLibrary library = library("openblas_nolapack@");
        String[] config = text(library, "openblas_get_config").split("\\s+");
        return "OpenBLAS " + (config.length > 1 ? config[1] : "") + ", core type "
                + text(library, "openblas_get_corename");
    }

    private static String text(NativeLibrary library, String function) {
        return library.getFunction(function).invokeString(new Object[0], false).trim();
    }

    private static String mkl() {
        byte[] text = new byte[VERSION_LENGTH];
        library("mkl_rt@").getFunction("MKL_Get_Version_String").invokeVoid(new Object[] {text, text.length});
        return new String(text, StandardCharsets.US_ASCII).replace('\0', ' ').trim();
    }

    /**
     * The library JavaCPP has loaded under a name; the process itself where it came from elsewhere.
     *
     * <p>Opened without RTLD_GLOBAL, which JNA would use: ND4J's jars hold two copies of OpenBLAS, and making one global
     * can divert calls meant for the other, whose number of threads has been set, to it.
     */
    private static NativeLibrary library(String name) {
        for (Map.Entry<String, String> loaded : Loader.getLoadedLibraries().entrySet()) {
            if (loaded.getKey().startsWith(name)) {
                return NativeLibrary.getInstance(loaded.getValue(), Map.of(Library.OPTION_OPEN_FLAGS, RTLD_LAZY));
            }
        }
        return NativeLibrary.getProcess();
    }
}
