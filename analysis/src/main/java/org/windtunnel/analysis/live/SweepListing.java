package org.windtunnel.analysis.live;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.LinkedHashMap;
import java.util.Map;
import org.windtunnel.analysis.curve.RunReader;

/** What a sweep plans, from the {@code plan.json} in its directory; without one only the runs that exist are known. */
public final class SweepListing {
    static final String FILE = "plan.json";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MAX_BYTES = 64 << 20;

    private final RunsRoot root;
    private final Path file;
    private FileTime read;
    private Map<String, Planned> runs = Map.of();

    /**
     * A run that is to be done.
     *
     * @param steps all its steps, a trunk's included
     * @param tokens likewise
     */
    public record Planned(long steps, double tokens, double flopsPerToken) {}

    SweepListing(RunsRoot root, Path directory) {
        this.root = root;
        this.file = directory.resolve(FILE);
    }

    /** Planned runs by name; a plan that cannot be read is none. */
    Map<String, Planned> runs() {
        FileTime modified = root.file(file).map(f -> f.lastModifiedTime()).orElse(null);
        if (modified == null) {
            runs = Map.of();
        } else if (!modified.equals(read)) {
            runs = parse();
        }
        read = modified;
        return runs;
    }

    private Map<String, Planned> parse() {
        Map<String, Planned> planned = new LinkedHashMap<>();
        try {
            for (JsonNode run : JSON.readTree(root.head(file, MAX_BYTES)).path("runs")) {
                planned.put(run.path("run_id").asText(), new Planned(
                        run.path("steps").asLong(),
                        run.path("tokens").asDouble(),
                        run.path("flops_per_token").asDouble()));
            }
        } catch (IOException e) {
            return Map.of();
        }
        return planned;
    }

    /** Whether a directory is a run's: it has a manifest, or will have one soon. */
    static boolean isRun(RunsRoot root, Path directory) {
        return root.file(directory.resolve(RunReader.MANIFEST)).isPresent()
                || root.file(directory.resolve("resolved.yaml")).isPresent();
    }
}
