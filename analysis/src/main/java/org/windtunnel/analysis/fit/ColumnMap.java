package org.windtunnel.analysis.fit;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.table.DataTable;

/**
 * Finds a law's inputs and output in a table: by a given column, by its own name, or, for C, M, N and D, from the others
 * by C = 6 N D and M = D / N.
 */
final class ColumnMap {
    private final Map<String, ToDoubleFunction<DataTable.Row>> sources = new LinkedHashMap<>();
    private final List<String> notes = new ArrayList<>();
    private final DataTable table;
    private final Map<String, String> columns;

    private ColumnMap(DataTable table, Map<String, String> columns) {
        this.table = table;
        this.columns = columns;
    }

    /**
     * @param columns quantity of the law → column of the table, for those that are named otherwise
     * @throws AnalysisException if a quantity is nowhere, or a name is no quantity of the law
     */
    static ColumnMap of(Law law, DataTable table, Map<String, String> columns) {
        ColumnMap map = new ColumnMap(table, columns);
        for (String input : law.inputs()) {
            map.add(input);
        }
        map.add(law.output());
        for (String name : columns.keySet()) {
            if (!map.sources.containsKey(name) && !List.of("N", "D", "C", "loss").contains(name)) {
                throw new AnalysisException("expected a quantity of " + law.formula() + ", found column map " + name
                        + "=" + columns.get(name) + ". Quantities: " + String.join(", ", map.sources.keySet()));
            }
        }
        return map;
    }

    private boolean has(String quantity) {
        return columns.containsKey(quantity) || table.columns().contains(quantity);
    }

    private ToDoubleFunction<DataTable.Row> direct(String quantity) {
        String column = columns.getOrDefault(quantity, quantity);
        table.require(column);
        return row -> row.number(column);
    }

    private void add(String quantity) {
        if (has(quantity)) {
            sources.put(quantity, direct(quantity));
        } else if (quantity.equals("C") && has("N") && has("D")) {
            derive(quantity, "C = 6 N D", r -> 6 * direct("N").applyAsDouble(r) * direct("D").applyAsDouble(r));
        } else if (quantity.equals("M") && has("N") && has("D")) {
            derive(quantity, "M = D / N", r -> direct("D").applyAsDouble(r) / direct("N").applyAsDouble(r));
        } else if (quantity.equals("D") && has("N") && has("C")) {
            derive(quantity, "D = C / 6 N", r -> direct("C").applyAsDouble(r) / 6 / direct("N").applyAsDouble(r));
        } else if (quantity.equals("N") && has("D") && has("C")) {
            derive(quantity, "N = C / 6 D", r -> direct("C").applyAsDouble(r) / 6 / direct("D").applyAsDouble(r));
        } else {
            sources.put(quantity, direct(quantity));
        }
    }

    private void derive(String quantity, String how, ToDoubleFunction<DataTable.Row> source) {
        sources.put(quantity, source);
        notes.add(how);
    }

    /** What was derived and how. */
    List<String> notes() {
        return notes;
    }

    /** Inputs by row in the law's order. */
    double[][] inputs(Law law, List<DataTable.Row> rows) {
        return rows.stream()
                .map(r -> law.inputs().stream()
                        .mapToDouble(i -> sources.get(i).applyAsDouble(r))
                        .toArray())
                .toArray(double[][]::new);
    }

    /** Output by row. */
    double[] output(Law law, List<DataTable.Row> rows) {
        return rows.stream().mapToDouble(sources.get(law.output())).toArray();
    }
}
