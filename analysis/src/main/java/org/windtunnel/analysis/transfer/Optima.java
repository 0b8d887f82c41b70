package org.windtunnel.analysis.transfer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.windtunnel.analysis.table.DataTable;

/**
 * The best value of a hyperparameter, such as the learning rate, at each size and budget of a table of losses: at the best
 * setting of all other hyperparameters the vertex of a parabola in its logarithm.
 */
public final class Optima {
    private final DataTable table;
    private final List<String> by;
    private final String output;
    private final List<String> others;
    private final List<DataTable.Row> optima = new ArrayList<>();
    private int edges;

    private Optima(DataTable table, List<String> by, String output, List<String> others) {
        this.table = table;
        this.by = by;
        this.output = output;
        this.others = others.stream().filter(table.columns()::contains).toList();
    }

    /**
     * Optima as a table.
     *
     * @param rows with the columns {@code by} and {@code output}: one row a cell, its best value and loss
     * @param left cells whose best value is the lowest or highest tried, left out
     * @param cells all of them
     */
    public record Result(DataTable rows, int left, int cells) {}

    /**
     * Optima of the cells of a table.
     *
     * @param by columns whose values make a cell, those within 1 % taken as one
     * @param output column of the hyperparameter
     * @param loss column of the loss
     * @param others columns of further hyperparameters, held at their best; those that the table has not are passed over
     */
    public static Result of(DataTable table, List<String> by, String output, String loss, List<String> others) {
        return new Optima(table, by, output, others).of(loss);
    }

    /** Whether a table has several losses at some size and budget, so that an optimum can be looked for. */
    public static boolean sweeps(DataTable table, List<String> by, String output, String loss) {
        return table.columns().contains(loss)
                && table.columns().contains(output)
                && table.columns().containsAll(by)
                && cells(table, by).values().stream().anyMatch(rows -> rows.size() > 2);
    }

    private static Map<String, List<DataTable.Row>> cells(DataTable table, List<String> by) {
        return table.rows().stream()
                .collect(Collectors.groupingBy(
                        row -> by.stream()
                                .map(c -> Long.toString(Math.round(100 * Math.log(row.number(c)))))
                                .collect(Collectors.joining(" ")),
                        LinkedHashMap::new,
                        Collectors.toList()));
    }

    private Result of(String loss) {
        Map<String, List<DataTable.Row>> cells = cells(table, by);
        cells.values().forEach(rows -> cell(rows, loss));
        return new Result(DataTable.of(table.file(), table.columns(), optima), edges, cells.size());
    }

    private void cell(List<DataTable.Row> rows, String loss) {
        DataTable.Row best = rows.get(0);
        for (DataTable.Row row : rows) {
            best = row.number(loss) < best.number(loss) ? row : best;
        }
        DataTable.Row least = best;
        TreeMap<Double, List<DataTable.Row>> bowl = new TreeMap<>();
        rows.stream()
                .filter(r -> others.stream().allMatch(o -> r.text(o).equals(least.text(o))))
                .forEach(r -> bowl.computeIfAbsent(r.number(output), v -> new ArrayList<>()).add(r));
        List<LrPoint> points = new ArrayList<>();
        bowl.forEach((value, same) -> {
            List<Double> losses = same.stream().map(r -> r.number(loss)).toList();
            double mean = losses.stream().mapToDouble(l -> l).average().orElseThrow();
            points.add(new LrPoint(value, mean, null, List.of(), losses, List.of()));
        });
        LrOptimum optimum = OptimumFinder.find(points, 1);
        if (optimum == null || optimum.edge() != LrOptimum.Edge.NONE || points.size() < 3) {
            edges++;
            return;
        }
        Map<String, String> cells = new LinkedHashMap<>();
        by.forEach(c -> cells.put(c, least.text(c)));
        cells.put(output, Double.toString(optimum.lr()));
        cells.put(loss, Double.toString(optimum.loss()));
        optima.add(new DataTable.Row(least.place(), cells));
    }
}
