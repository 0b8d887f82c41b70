package org.windtunnel.analysis.curve;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.windtunnel.analysis.AnalysisException;

/** Reads one run directory. */
public final class RunReader {
    /** What makes a directory a run's. */
    public static final String MANIFEST = "manifest.json";

    private static final int FORMAT = 1;
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path directory;
    private final List<String> problems;

    private RunReader(Path directory, List<String> problems) {
        this.directory = directory;
        this.problems = problems;
    }

    /** The run, or empty with a line in {@code problems} when its manifest cannot be read. */
    static Optional<Run> read(Path directory, List<String> problems) {
        RunReader reader = new RunReader(directory, problems);
        JsonNode manifest = reader.object(directory.resolve(MANIFEST));
        if (manifest == null) {
            return Optional.empty();
        }
        Optional<String> refusal = refusal(directory, manifest);
        if (refusal.isPresent()) {
            if (isNewer(manifest)) {
                throw new AnalysisException(refusal.get());
            }
            problems.add(refusal.get() + "; skipped.");
            return Optional.empty();
        }
        return Optional.of(reader.run(manifest));
    }

    /** Why a manifest cannot be used, in a sentence; empty if it can. */
    public static Optional<String> refusal(Path directory, JsonNode manifest) {
        Path file = directory.resolve(MANIFEST);
        if (isNewer(manifest)) {
            return Optional.of(file + " has format " + manifest.path("format").asInt() + ", this program knows up to "
                    + FORMAT + ". Use the version that wrote it or a newer one.");
        }
        return manifest.path("format").asInt(-1) >= 1 && manifest.path("params").path("total").isNumber()
                ? Optional.empty()
                : Optional.of(file + " is not a run manifest (keys format and params expected)");
    }

    private static boolean isNewer(JsonNode manifest) {
        return manifest.path("format").asInt(-1) > FORMAT;
    }

    private Run run(JsonNode manifest) {
        RunStatus status = RunStatus.RUNNING;
        JsonNode marker = JSON.createObjectNode();
        for (RunStatus candidate : RunStatus.values()) {
            Path file = directory.resolve(candidate.name());
            if (status == RunStatus.RUNNING && candidate != RunStatus.RUNNING && Files.isRegularFile(file)) {
                status = candidate;
                JsonNode content = object(file);
                marker = content == null ? marker : content;
            }
        }
        return of(directory, manifest, status, marker, BranchLog.curve(directory, problems),
                BranchLog.evaluations(directory, problems));
    }

    /**
     * A run from its parts.
     *
     * @param manifest one that {@link #refusal} has nothing against
     * @param marker content of the file that says how the run ended; an empty object without one
     */
    public static Run of(
            Path directory,
            JsonNode manifest,
            RunStatus status,
            JsonNode marker,
            Curve curve,
            List<Evaluation> evaluations) {
        JsonNode params = manifest.path("params");
        JsonNode data = manifest.path("data");
        JsonNode entropy = data.path("entropy_rate");
        String name = directory.getFileName().toString();
        return new Run(
                directory,
                manifest.path("run_id").asText(name),
                manifest.path("sweep").asText(""),
                manifest.path("slug").asText(name),
                status,
                marker.path("reason").isTextual() ? marker.path("reason").asText() : null,
                axes(manifest.path("axes")),
                manifest.path("config"),
                manifest.path("unit").asText("tokens"),
                manifest.path("seed").asLong(0),
                params.path("total").asDouble(),
                params.path("non_embedding").asDouble(params.path("total").asDouble()),
                manifest.path("flops_per_token")
                        .asDouble(6 * params.path("total").asDouble()),
                manifest.path("planned").path("tokens").asDouble(0),
                manifest.path("optimizer_state_bytes").isNumber()
                        ? (Double) manifest.path("optimizer_state_bytes").asDouble()
                        : null,
                data.path("vocab").asInt(data.path("classes").asInt(0)),
                entropy.isNumber() ? entropy.asDouble() : null,
                data,
                manifest.path("environment"),
                marker.path("wall_s").isNumber() ? marker.path("wall_s").asDouble() : null,
                curve,
                evaluations,
                BranchLog.parent(manifest));
    }

    private static Map<String, Object> axes(JsonNode node) {
        Map<String, Object> axes = new LinkedHashMap<>();
        Map<String, Object> all =
                JSON.convertValue(node.isObject() ? node : JSON.createObjectNode(), new TypeReference<>() {});
        all.forEach((path, value) -> {
            if (value != null) {
                axes.put(path, value);
            }
        });
        return axes;
    }

    private JsonNode object(Path file) {
        try {
            JsonNode node = JSON.readTree(Files.readAllBytes(file));
            if (node.isObject()) {
                return node;
            }
            problems.add(file + " does not hold a JSON object; skipped.");
        } catch (JsonProcessingException e) {
            problems.add(file + " is not valid JSON (" + e.getOriginalMessage() + "); skipped.");
        } catch (IOException e) {
            problems.add(file + " cannot be read (" + e.getMessage() + "); skipped.");
        }
        return null;
    }
}
