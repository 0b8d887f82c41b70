package org.windtunnel.backend.nd4j;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.windtunnel.config.ConfigException;

/**
 * Which cards ND4J's own CUDA builds have code for. A card without any fails at the first array with a message about a
 * symbol, so it is refused before ND4J loads.
 */
final class Nd4jCards {
    /** Newest machine code of a build, as ten times the compute capability; what it runs on has the same first digit. */
    private static final Map<String, Build> BUILDS =
            Map.of("nd4j-cuda-11.6", new Build(86, false), "nd4j-cuda-11.2", new Build(86, true));

    private static final String QUERY = "nvidia-smi";
    private static final long QUERY_SECONDS = 20;

    /** @param portable whether PTX is in the build, which the driver compiles for newer cards */
    private record Build(int newest, boolean portable) {}

    private Nd4jCards() {}

    /**
     * Does nothing unless a CUDA build of ND4J is on the class path.
     *
     * @throws ConfigException if the first card is newer than the build's code
     */
    static void requireCode() {
        for (String build : BUILDS.keySet()) {
            if (Nd4jCards.class.getResource("/META-INF/maven/org.nd4j/" + build + "/pom.properties") != null) {
                firstCard().ifPresent(card -> requireCode(build, card));
            }
        }
    }

    /** @param card name and compute capability as nvidia-smi prints them: {@code NVIDIA H200, 9.0} */
    static void requireCode(String build, String card) {
        int comma = card.lastIndexOf(',');
        String capability = comma < 0 ? "" : card.substring(comma + 1).strip();
        if (!capability.matches("\\d+\\.\\d")) {
            return;
        }
        Build known = BUILDS.get(build);
        int found = Integer.parseInt(capability.replace(".", ""));
        // Machine code runs on later cards of the same generation: 8.6 on Ada's 8.9.
        if (found / 10 > known.newest() / 10 && !known.portable()) {
            throw new ConfigException(
                    "runtime.backend: nd4j runs on " + build + " here, whose newest code is for compute"
                            + " capability " + known.newest() / 10 + "." + known.newest() % 10 + ", found "
                            + card.substring(0, comma).strip() + " with " + capability
                            + "; use runtime.backend: cuda of a build with -Pcuda");
        }
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
