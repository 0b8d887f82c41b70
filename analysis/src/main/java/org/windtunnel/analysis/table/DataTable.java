package org.windtunnel.analysis.table;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.windtunnel.analysis.AnalysisException;

/** Rows of a CSV file with a header line or of a JSONL file, as texts by column. Immutable. */
public final class DataTable {
    private final Path file;
    private final List<String> columns;
    private final List<Row> rows;

    private DataTable(Path file, List<String> columns, List<Row> rows) {
        this.file = file;
        this.columns = List.copyOf(columns);
        this.rows = List.copyOf(rows);
    }

    /**
     * One row.
     *
     * @param place of the row in its file, such as {@code points.csv line 3}
     * @param cells by column
     */
    public record Row(String place, Map<String, String> cells) {

        /** Text of a cell; empty where the row has none. */
        public String text(String column) {
            return cells.getOrDefault(column, "");
        }

        /**
         * Number of a cell.
         *
         * @throws AnalysisException if it is none
         */
        public double number(String column) {
            String text = text(column);
            try {
                return Double.parseDouble(text);
            } catch (NumberFormatException e) {
                throw new AnalysisException(place + ", column " + column + ": expected a number, found "
                        + (text.isEmpty() ? "nothing" : "\"" + text + "\"") + ".", e);
            }
        }
    }

    /**
     * Reads a file: JSON objects by line if its name ends in {@code .jsonl}, else comma-separated values.
     *
     * @throws AnalysisException if it cannot be read, is empty, or a line is malformed
     */
    public static DataTable read(Path file) {
        List<Row> rows = new ArrayList<>();
        List<String> columns = TableReader.scan(file, rows::add);
        return new DataTable(file, columns, rows);
    }

    /** Rows given as such. */
    public static DataTable of(Path source, List<String> columns, List<Row> rows) {
        return new DataTable(source, columns, rows);
    }

    /** Where it was read. */
    public Path file() {
        return file;
    }

    public List<String> columns() {
        return columns;
    }

    public List<Row> rows() {
        return rows;
    }

    public int size() {
        return rows.size();
    }

    /** The rows that pass a test. */
    public DataTable filter(Predicate<Row> test) {
        return new DataTable(file, columns, rows.stream().filter(test).toList());
    }

    /**
     * A column's numbers.
     *
     * @throws AnalysisException if there is no such column, or a cell is no number
     */
    public double[] numbers(String column) {
        require(column);
        return rows.stream().mapToDouble(r -> r.number(column)).toArray();
    }

    /** @throws AnalysisException if there is no such column */
    public void require(String column) {
        if (!columns.contains(column)) {
            throw new AnalysisException(file + ": expected a column " + column + ", found " + String.join(", ", columns)
                    + ". Name the column that holds it, for example --column " + column + "=" + columns.get(0) + ".");
        }
    }
}
