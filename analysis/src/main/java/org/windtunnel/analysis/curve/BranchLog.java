package org.windtunnel.analysis.curve;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The lines of a run's log; those of a branch are preceded by its trunk's, so that a tree of runs reads as whole runs. */
final class BranchLog {
    private static final ObjectMapper JSON = new ObjectMapper();
    /** Branches of branches, further than anyone goes on purpose. */
    private static final int MAX_DEPTH = 32;

    private BranchLog() {}

    /** Where a run branched off; null if it did not. */
    static Run.Parent parent(JsonNode manifest) {
        JsonNode parent = manifest.path("parent");
        return parent.isObject()
                ? new Run.Parent(parent.path("run_id").asText(), parent.path("step").asLong(), parent.path("checkpoint").asText())
                : null;
    }

    /** Whole lines from the first step of the trunk on, by increasing step. */
    static List<JsonNode> lines(Path directory, String name, List<String> problems) {
        return lines(directory, name, problems, 0);
    }

    private static List<JsonNode> lines(Path directory, String name, List<String> problems, int depth) {
        List<JsonNode> lines = new ArrayList<>();
        Run.Parent parent = parent(manifest(directory));
        if (parent != null) {
            // A run id is a plain name; anything else would read outside the sweep.
            Path trunk = parent.runId().matches("[A-Za-z0-9_+][A-Za-z0-9.+_-]*") ? directory.resolveSibling(parent.runId()) : null;
            if (trunk == null || depth == MAX_DEPTH || !Files.isRegularFile(trunk.resolve(RunReader.MANIFEST))) {
                problems.add(directory.resolve(name) + " starts after step " + parent.step() + " of a trunk, "
                        + parent.runId() + ", that is not there; read without it.");
            } else {
                lines(trunk, name, problems, depth + 1).stream()
                        .filter(line -> line.path("step").asLong() <= parent.step())
                        .forEach(lines::add);
            }
        }
        append(directory.resolve(name), lines, problems);
        return lines;
    }

    private static JsonNode manifest(Path directory) {
        try {
            return JSON.readTree(Files.readAllBytes(directory.resolve(RunReader.MANIFEST)));
        } catch (IOException e) {
            return JSON.createObjectNode();
        }
    }

    /** A step that comes again replaces what followed its first time. */
    private static void append(Path file, List<JsonNode> lines, List<String> problems) {
        if (!Files.isRegularFile(file)) {
            return;
        }
        String all;
        try {
            all = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        } catch (IOException e) {
            problems.add(file + " cannot be read (" + e.getMessage() + "); skipped.");
            return;
        }
        boolean torn = !all.endsWith("\n");
        String[] texts = all.split("\n");
        for (int i = 0; i < texts.length; i++) {
            if (texts[i].isBlank()) {
                continue;
            }
            JsonNode line = parse(texts[i]);
            if (line != null) {
                long step = line.path("step").asLong();
                while (!lines.isEmpty() && lines.get(lines.size() - 1).path("step").asLong() >= step) {
                    lines.remove(lines.size() - 1);
                }
                lines.add(line);
            } else if (!(torn && i == texts.length - 1)) {
                problems.add(file + " line " + (i + 1) + " is not a log line; skipped.");
            }
        }
    }

    private static JsonNode parse(String text) {
        try {
            JsonNode line = JSON.readTree(text);
            return line.path("step").isNumber() ? line : null;
        } catch (JsonProcessingException e) {
            return null;
        }
    }
}
