package org.windtunnel.analysis.curve;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
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

    /** Budgets at which a smoothed training loss is taken. */
    private static final int SMOOTHED = 20;

    private RunRows() {}

    /**
     * Rows of runs that ended with a finite loss, one a run or one a checkpoint.
     *
     * @param points which of a run's losses, and what N and C count
     */
    public static DataTable of(Path directory, List<Run> runs, Points points) {
        Set<String> columns =
                new LinkedHashSet<>(List.of("run", "N", "N_total", "D", "C", "loss", "lr", "batch", "seed"));
        List<DataTable.Row> rows = new ArrayList<>();
        for (Run run : runs) {
            if (run.finalLoss().isEmpty() || Double.isInfinite(run.finalLoss().getAsDouble())) {
                continue;
            }
            for (double[] point : taken(run, points)) {
                Map<String, String> cells = cells(run, points, point[0], point[1]);
                if (points.taken() == Points.Taken.END) {
                    run.lastEvalError().ifPresent(error -> cells.put("error", Double.toString(error)));
                }
                columns.addAll(cells.keySet());
                rows.add(new DataTable.Row("run " + run.runId(), cells));
            }
        }
        return DataTable.of(directory, List.copyOf(columns), rows);
    }

    private static Map<String, String> cells(Run run, Points points, double tokens, double loss) {
        Map<String, String> cells = new LinkedHashMap<>();
        double n = run.size(points.size());
        double perToken = points.flops() == Points.Flops.SIX_N ? 6 * n : run.flopsPerToken();
        cells.put("run", run.runId());
        cells.put("N", Double.toString(n));
        cells.put("N_total", Double.toString(run.paramsTotal()));
        cells.put("D", Double.toString(tokens));
        cells.put("C", Double.toString(perToken * tokens));
        cells.put("loss", Double.toString(loss));
        run.number("optimizer.lr").ifPresent(lr -> cells.put("lr", Double.toString(lr)));
        int last = run.curve().size() - 1;
        if (last >= 0 && run.curve().tokens()[last] > 0) {
            cells.put("batch", Long.toString(Math.round(run.curve().tokens()[last] / run.curve().step()[last])));
        }
        cells.put("seed", Long.toString(run.seed()));
        flatten("", run.config(), cells);
        return cells;
    }

    /** Tokens and loss of the points of a run. */
    private static List<double[]> taken(Run run, Points points) {
        double first = points.skip() * run.tokens();
        return switch (points.taken()) {
            case END -> List.of(new double[] {run.tokens(), run.finalLoss().getAsDouble()});
            case EVALUATIONS -> run.evaluations().stream()
                    .filter(e -> e.tokens() > first && e.loss() > 0 && Double.isFinite(e.loss()))
                    .map(e -> new double[] {e.tokens(), e.loss()})
                    .toList();
            case TRAINING -> smoothed(run.curve(), Math.max(first, 1), points.smooth());
        };
    }

    /** The training loss, averaged over a share of the run that ends at each of some budgets at equal ratios. */
    private static List<double[]> smoothed(Curve curve, double first, double share) {
        List<double[]> points = new ArrayList<>();
        int size = curve.size();
        double end = size == 0 ? 0 : curve.tokens()[size - 1];
        int window = Math.max(1, (int) Math.round(share * size));
        for (int k = 0; k < SMOOTHED && end > first; k++) {
            double budget = first * Math.pow(end / first, k / (SMOOTHED - 1.0));
            int last = 0;
            while (last < size - 1 && curve.tokens()[last] < budget * (1 - 1e-9)) {
                last++;
            }
            int from = Math.max(0, last - window + 1);
            double mean = Arrays.stream(curve.loss(), from, last + 1).average().orElseThrow();
            if (mean > 0 && Double.isFinite(mean)) {
                points.add(new double[] {curve.tokens()[last], mean});
            }
        }
        return points;
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
