package org.windtunnel.faults;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * What each kind of fault led to, one JSON line a kind in {@code target/faults.jsonl}:
 * {@code {"fault": "truncated", "on": "tokens.bin", "times": 120, "outcomes": {"read": 2, "refused": 118}}}.
 */
public final class FaultNotes {
    private static final Path FILE = Path.of("target", "faults.jsonl");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static boolean begun;

    private final String on;
    private final Map<String, Map<String, Integer>> outcomes = new TreeMap<>();

    /** @param on what the faults are done to, such as a file */
    public FaultNotes(String on) {
        this.on = on;
    }

    /** Counts one fault and what came of it. */
    public void add(String fault, String outcome) {
        outcomes.computeIfAbsent(fault, f -> new TreeMap<>()).merge(outcome, 1, Integer::sum);
    }

    /** How often something came of any fault. */
    public int count(String outcome) {
        return outcomes.values().stream().mapToInt(o -> o.getOrDefault(outcome, 0)).sum();
    }

    /** Writes the lines; those of an earlier test run are replaced. */
    public void write(Map<String, ?> more) {
        outcomes.forEach((fault, counts) -> {
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("fault", fault);
            line.put("on", on);
            line.put("times", counts.values().stream().mapToInt(Integer::intValue).sum());
            line.put("outcomes", counts);
            line.putAll(more);
            append(line);
        });
    }

    private static synchronized void append(Map<String, Object> line) {
        try {
            Files.createDirectories(FILE.getParent());
            if (!begun) {
                begun = true;
                Files.deleteIfExists(FILE);
            }
            Files.writeString(
                    FILE, JSON.writeValueAsString(line) + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
