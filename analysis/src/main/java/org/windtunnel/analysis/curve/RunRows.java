package org.windtunnel.analysis.curve;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.windtunnel.analysis.table.DataTable;

/**
 * Finished runs as rows of a table: N, N_total, D, C, loss, error where there are classes, lr, seed, run, and every value of the config under its path,
 * such as {@code model.width}.
 */
public final class RunRows {
    private static final Set<String> SEEDED = Set.of("run", "seed", "loss", "error", "train.seed", "D", "C", "name");

    private RunRows() {}

    /**
     * Rows of runs that ended with a finite loss.
     *
     * @param size what N counts
     */
    public static DataTable of(Path directory, List<Run> runs, SizeMeasure size) {
        Set<String> columns = new LinkedHashSet<>(List.of("run", "N", "N_total", "D", "C", "loss", "lr", "seed"));
        List<DataTable.Row> rows = new ArrayList<>();
        for (Run run : runs) {
            if (run.finalLoss().isEmpty() || Double.isInfinite(run.finalLoss().getAsDouble())) {
                continue;
            }
            Map<String, String> cells = new LinkedHashMap<>();
            cells.put("run", run.runId());
            cells.put("N", Double.toString(run.size(size)));
            cells.put("N_total", Double.toString(run.paramsTotal()));
            cells.put("D", Double.toString(run.tokens()));
            cells.put("C", Double.toString(run.flopsPerToken() * run.tokens()));
            cells.put("loss", Double.toString(run.finalLoss().getAsDouble()));
            run.lastEvalError().ifPresent(error -> cells.put("error", Double.toString(error)));
            run.number("optimizer.lr").ifPresent(lr -> cells.put("lr", Double.toString(lr)));
            cells.put("seed", Long.toString(run.seed()));
            flatten("", run.config(), cells);
            columns.addAll(cells.keySet());
            rows.add(new DataTable.Row("run " + run.runId(), cells));
        }
        return DataTable.of(directory, List.copyOf(columns), rows);
    }

    /**
     * One row for each combination of some columns: the setting (all of the config but the seed) with the least mean loss
     * over its seeds, with that mean.
     *
     * @param by columns whose values make a cell, those within 1 % taken as one
     */
    public static DataTable best(DataTable table, List<String> by) {
        Map<String, Map<String, List<DataTable.Row>>> cells = new LinkedHashMap<>();
        for (DataTable.Row row : table.rows()) {
            String cell = by.stream()
                    .map(c -> Long.toString(Math.round(100 * Math.log(row.number(c)))))
                    .collect(Collectors.joining(" "));
            Map<String, String> setting = new LinkedHashMap<>(row.cells());
            setting.keySet().removeAll(SEEDED);
            cells.computeIfAbsent(cell, c -> new LinkedHashMap<>())
                    .computeIfAbsent(setting.toString(), s -> new ArrayList<>())
                    .add(row);
        }
        List<DataTable.Row> best = new ArrayList<>();
        cells.values().forEach(settings -> settings.values().stream()
                .map(RunRows::mean)
                .min(Comparator.comparingDouble(r -> r.number("loss")))
                .ifPresent(best::add));
        return DataTable.of(table.file(), table.columns(), best);
    }

    private static DataTable.Row mean(List<DataTable.Row> seeds) {
        Map<String, String> cells = new LinkedHashMap<>(seeds.get(0).cells());
        for (String measured : List.of("loss", "error")) {
            if (cells.containsKey(measured)) {
                double mean = seeds.stream().mapToDouble(r -> r.number(measured)).average().orElseThrow();
                cells.put(measured, Double.toString(mean));
            }
        }
        return new DataTable.Row(seeds.get(0).place(), cells);
    }

    private static void flatten(String prefix, JsonNode node, Map<String, String> cells) {
        for (Iterator<Map.Entry<String, JsonNode>> fields = node.fields(); fields.hasNext(); ) {
            Map.Entry<String, JsonNode> field = fields.next();
            String path = prefix.isEmpty() ? field.getKey() : prefix + "." + field.getKey();
            if (field.getValue().isObject()) {
                flatten(path, field.getValue(), cells);
            } else if (field.getValue().isValueNode() && !field.getValue().isNull()) {
                cells.putIfAbsent(path, field.getValue().asText());
            }
        }
    }
}
