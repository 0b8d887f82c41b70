package org.windtunnel.analysis.curve;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/** A run's {@code diag.jsonl}, read when it is asked for. */
public final class DiagnosticsLog {
    private static final ObjectMapper JSON = new ObjectMapper();

    private DiagnosticsLog() {}

    /**
     * A quantity in the last line: the number of that key itself, or the geometric mean over the parameters, modules or
     * attention layers that have one.
     *
     * @param quantity such as {@code logit_z}, {@code activation_rms}, {@code top_singular_value}, {@code max_logit}
     * @param names regular expression on whole names of parameters or modules that count; null for all
     * @return empty if the run has no diagnostics or they lack the quantity
     */
    public static OptionalDouble last(Run run, String quantity, String names) {
        JsonNode line = lastLine(run);
        JsonNode own = line.path(quantity);
        if (own.isNumber()) {
            return OptionalDouble.of(own.asDouble());
        }
        if (own.path("value").isNumber()) {
            return OptionalDouble.of(own.path("value").asDouble());
        }
        List<Double> values = new ArrayList<>();
        own.fields().forEachRemaining(e -> add(values, e.getKey(), e.getValue(), names));
        for (String section : List.of("params", "attention")) {
            line.path(section)
                    .fields()
                    .forEachRemaining(e -> add(values, e.getKey(), e.getValue().path(quantity), names));
        }
        return values.isEmpty()
                ? OptionalDouble.empty()
                : OptionalDouble.of(Math.exp(values.stream().mapToDouble(Math::log).average().orElseThrow()));
    }

    /** An empty object where there is none. */
    private static JsonNode lastLine(Run run) {
        JsonNode[] last = {JSON.createObjectNode()};
        LogReader.read(run.directory().resolve("diag.jsonl"), parser -> {
            JsonNode line = JSON.readTree(parser);
            boolean whole = line.path("step").isNumber();
            last[0] = whole ? line : last[0];
            return whole;
        }, new ArrayList<>());
        return last[0];
    }

    private static void add(List<Double> values, String name, JsonNode value, String names) {
        if (value.isNumber() && (names == null || name.matches(names))) {
            values.add(value.asDouble());
        }
    }
}
