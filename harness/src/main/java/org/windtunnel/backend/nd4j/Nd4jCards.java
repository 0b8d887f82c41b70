package org.windtunnel.backend.nd4j;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.bytedeco.cuda.global.cublas;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.cuda.global.cusolver;
import org.bytedeco.javacpp.Loader;
import org.windtunnel.config.ConfigException;

/**
 * Which cards ND4J's own CUDA builds have code for. A card without any fails at the first array with a message about a
 * symbol, so it is refused before ND4J loads.
 */
final class Nd4jCards {
    /** Newest machine code, as ten times the compute capability; what it runs on has the same first digit. */
    private static final Map<String, Build> BUILDS =
            Map.of("nd4j-cuda-11.6", new Build(86, false), "nd4j-cuda-11.2", new Build(86, true));

    private static final String QUERY = "nvidia-smi";
    private static final long QUERY_SECONDS = 20;
    private static final String OTHER_BUILDS =
            "use runtime.backend: cuda of a build with -Pcuda, or runtime.backend: nd4j of a build without profiles";

    /** @param portable whether PTX is in the build, which the driver compiles for newer cards */
    private record Build(int newest, boolean portable) {}

    private Nd4jCards() {}

    /** The CUDA build of ND4J on the class path, if there is one. */
    private static Optional<String> build() {
        return BUILDS.keySet().stream()
                .filter(Nd4jCards::isOnClassPath)
                .findFirst();
    }

    private static boolean isOnClassPath(String build) {
        return Nd4jCards.class.getResource("/META-INF/maven/org.nd4j/" + build + "/pom.properties") != null;
    }

    /**
     * Does nothing unless a CUDA build of ND4J is on the class path.
     *
     * @throws ConfigException if the machine has no card, the first is newer than the build's code, or a library is
     *     missing
     */
    static void requireCode() {
        build().ifPresent(build -> {
            requireCode(build, firstCard());
            requireLibraries(build);
        });
    }

    /**
     * Does nothing unless ND4J's CUDA build is there in place of the one for processors.
     *
     * @throws ConfigException if it is
     */
    static void requireProcessorBuild() {
        build().ifPresent(build -> {
            throw new ConfigException("runtime.backend: cpu takes BLAS from nd4j-native, which " + build
                    + " replaces in this build; build without profiles for it");
        });
    }

    /** @param card name and compute capability as nvidia-smi prints them: {@code NVIDIA H200, 9.0}; empty for none */
    static void requireCode(String build, Optional<String> card) {
        String found = card.orElseThrow(() -> new ConfigException("runtime.backend: nd4j runs on " + build
                + " here, which needs an NVIDIA GPU, found none (" + QUERY + " lists no card); " + OTHER_BUILDS));
        int comma = found.lastIndexOf(',');
        String capability = comma < 0 ? "" : found.substring(comma + 1).strip();
        if (!capability.matches("\\d+\\.\\d")) {
            return;
        }
        Build known = BUILDS.get(build);
        int tenfold = Integer.parseInt(capability.replace(".", ""));
        // Machine code runs on later cards of the same generation: 8.6 on Ada's 8.9.
        if (tenfold / 10 > known.newest() / 10 && !known.portable()) {
            throw new ConfigException(
                    "runtime.backend: nd4j runs on " + build + " here, whose newest code is for compute"
                            + " capability " + known.newest() / 10 + "." + known.newest() % 10 + ", found "
                            + found.substring(0, comma).strip() + " with " + capability + "; " + OTHER_BUILDS);
        }
    }

    /**
     * Loads CUDA's libraries ahead of ND4J, which would tell that there is no backend, and not why.
     *
     * @throws ConfigException if one is missing
     */
    private static void requireLibraries(String build) {
        try {
            for (Class<?> presets : List.of(cudart.class, cublas.class, cusolver.class)) {
                Loader.load(presets);
            }
        } catch (LinkageError e) {
            throw new ConfigException("runtime.backend: nd4j cannot use " + build + ": " + first(e) + "; it needs a"
                    + " driver, and the libraries of CUDA " + build.substring(build.lastIndexOf('-') + 1) + " where the"
                    + " loader finds them (LD_LIBRARY_PATH). Or " + OTHER_BUILDS, e);
        }
    }

    /** What the loader said first, without the file that asked for it. */
    private static String first(Throwable e) {
        Throwable first = e;
        while (first.getCause() != null) {
            first = first.getCause();
        }
        String message = String.valueOf(first.getMessage());
        return message.substring(message.indexOf(": ") + 1).strip();
    }

    private static Optional<String> firstCard() {
        try {
            Process query = new ProcessBuilder(QUERY, "--query-gpu=name,compute_cap", "--format=csv,noheader")
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            List<String> lines = new String(query.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList();
            return query.waitFor(QUERY_SECONDS, TimeUnit.SECONDS) && query.exitValue() == 0 && !lines.isEmpty()
                    ? Optional.of(lines.get(0))
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}
