package org.windtunnel.backend.cuda.driver;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.nvrtc;
import org.bytedeco.javacpp.Loader;
import org.windtunnel.config.ConfigException;

/** Loads what the device needs, and says in one sentence what is missing. */
final class CudaLibraries {
    private static final Pattern LIBRARY = Pattern.compile("(lib\\w+\\.so(?:\\.\\d+)?): cannot open shared object file");
    private static final Pattern SYMBOL = Pattern.compile("undefined symbol: ((?:cu|nvrtc)\\w+)");
    private static final String DRIVER = "libcuda.so.1";

    private static boolean loaded;
    /** A second try would only tell that the first one failed. */
    private static LinkageError failure;

    private CudaLibraries() {}

    /**
     * Loads the libraries, once.
     *
     * @throws ConfigException if the build or the machine lacks something
     */
    static synchronized void load() {
        if (!loaded && failure == null) {
            try {
                for (Class<?> presets : List.of(cudart.class, nvrtc.class, cublas.class)) {
                    Loader.load(presets);
                }
                loaded = true;
            } catch (LinkageError e) {
                failure = e;
            }
        }
        if (failure != null) {
            throw new ConfigException("runtime.backend: cuda cannot be used: " + explain(failure), failure);
        }
    }

    /** What is missing and how to get it. */
    static String explain(Throwable error) {
        StringBuilder text = new StringBuilder();
        for (Throwable e = error; e != null; e = e.getCause()) {
            text.append(e).append('\n');
        }
        Matcher library = LIBRARY.matcher(text);
        if (library.find()) {
            return missing(library.group(1));
        }
        Matcher symbol = SYMBOL.matcher(text);
        if (symbol.find()) {
            return "the driver or a library is older than CUDA 13 (it has no " + symbol.group(1) + "); CUDA 13 needs driver"
                    + " 580 or newer";
        }
        if (error instanceof NoClassDefFoundError || text.indexOf("no jni") >= 0) {
            return "this build does not have the CUDA bindings; build it with mvn -q -Pcuda -DskipTests clean package";
        }
        return "its libraries do not load (" + error.getMessage() + ")";
    }

    private static String missing(String library) {
        if (library.equals(DRIVER)) {
            return "this machine has no NVIDIA driver (" + DRIVER + " was not found); CUDA 13 needs version 580 or"
                    + " newer. Use runtime.backend: cpu here";
        }
        return library + " of CUDA 13 was not found; install the CUDA toolkit, or name the folders of its libraries in"
                + " LD_LIBRARY_PATH (PyTorch's wheels bring them in site-packages/nvidia/cu13/lib)";
    }
}
