package org.windtunnel.analysis.live;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The numbers of {@code diag.jsonl} as charts of named series: {@code activation_rms} has one series for each module,
 * {@code params.update_ratio} one for each parameter. Memory is bounded: of many lines every second, fourth, ... is kept.
 */
public final class DiagnosticTrace {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MAX_LINES = 400;
    private static final int MAX_SERIES = 4096;

    private final Map<String, Map<String, Integer>> charts = new LinkedHashMap<>();
    private final List<Long> steps = new ArrayList<>();
    private final List<float[]> lines = new ArrayList<>();
    private int series;
    private int stride = 1;
    private long seen;

    /** Lines read so far; a larger number means that there is something new. */
    public long version() {
        return seen;
    }

    /** Names of the charts, in the order of the log. */
    public List<String> charts() {
        return List.copyOf(charts.keySet());
    }

    /** Steps of the lines that were kept. */
    public long[] steps() {
        return steps.stream().mapToLong(Long::longValue).toArray();
    }

    /** Values of a chart's series over {@link #steps}; NaN where a line has none. Empty for an unknown chart. */
    public Map<String, float[]> series(String chart) {
        Map<String, float[]> values = new LinkedHashMap<>();
        charts.getOrDefault(chart, Map.of()).forEach((name, index) -> {
            float[] column = new float[lines.size()];
            for (int i = 0; i < column.length; i++) {
                column[i] = index < lines.get(i).length ? lines.get(i)[index] : Float.NaN;
            }
            values.put(name, column);
        });
        return values;
    }

    void clear() {
        charts.clear();
        steps.clear();
        lines.clear();
        series = 0;
        stride = 1;
        seen++;
    }

    void add(String text) {
        JsonNode line;
        try {
            line = JSON.readTree(text);
        } catch (JsonProcessingException e) {
            return;
        }
        if (!line.path("step").isIntegralNumber() || seen++ % stride != 0) {
            return;
        }
        float[] values = new float[series];
        Arrays.fill(values, Float.NaN);
        for (Map.Entry<String, JsonNode> field : line.properties()) {
            if (!field.getKey().equals("step") && !field.getKey().equals("tokens") && !field.getKey().equals("flops")) {
                values = put(values, field.getKey(), field.getValue());
            }
        }
        steps.add(line.path("step").asLong());
        lines.add(values);
        if (lines.size() > MAX_LINES) {
            thin();
        }
    }

    private float[] put(float[] values, String name, JsonNode value) {
        float[] all = set(values, name, "", value);
        for (Map.Entry<String, JsonNode> entry : value.properties()) {
            all = set(all, name, entry.getKey(), entry.getValue());
            for (Map.Entry<String, JsonNode> metric : entry.getValue().properties()) {
                all = set(all, name + "." + metric.getKey(), entry.getKey(), metric.getValue());
            }
        }
        return all;
    }

    private float[] set(float[] values, String chart, String name, JsonNode value) {
        if (!value.isNumber()) {
            return values;
        }
        Map<String, Integer> names = charts.get(chart);
        Integer index = names == null ? null : names.get(name);
        if (index == null) {
            if (series == MAX_SERIES) {
                return values;
            }
            index = series++;
            charts.computeIfAbsent(chart, c -> new LinkedHashMap<>()).put(name, index);
        }
        float[] all = values;
        if (index >= values.length) {
            all = Arrays.copyOf(values, series);
            Arrays.fill(all, values.length, series, Float.NaN);
        }
        all[index] = value.floatValue();
        return all;
    }

    private void thin() {
        stride *= 2;
        for (int i = 1; i < lines.size(); i++) {
            lines.remove(i);
            steps.remove(i);
        }
    }
}
