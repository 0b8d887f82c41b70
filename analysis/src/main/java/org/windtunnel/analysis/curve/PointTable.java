package org.windtunnel.analysis.curve;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.windtunnel.analysis.AnalysisException;

/**
 * Losses of other programs: one (N, D, loss) a row.
 *
 * @param points in the file's order
 */
public record PointTable(List<Point> points) {

    /**
     * @param n parameters
     * @param d training tokens
     * @param loss nats per token
     * @param line of the file
     */
    public record Point(double n, double d, double loss, int line) {}

    /** Names of the columns that hold N, D and the loss. */
    public static final Map<String, String> DEFAULT_COLUMNS = Map.of("N", "N", "D", "D", "loss", "loss");

    /**
     * Reads a comma-separated file with a header line.
     *
     * @param columns {@code N}, {@code D} and {@code loss} → the file's column names; those left out keep their own
     *     name
     * @throws AnalysisException if the file cannot be read, lacks a column, or a cell is not a positive number
     */
    public static PointTable readCsv(Path file, Map<String, String> columns) {
        List<String> lines;
        try {
            lines = Files.readAllLines(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new AnalysisException(
                    "Cannot read " + file + ": expected a CSV file with columns N, D, loss. Check the path.", e);
        }
        if (lines.isEmpty() || lines.get(0).isBlank()) {
            throw new AnalysisException(file + " is empty: expected a header line with columns for N, D and loss.");
        }
        List<String> header = cells(lines.get(0).replace("\uFEFF", ""));
        int n = column(file, header, columns, "N");
        int d = column(file, header, columns, "D");
        int loss = column(file, header, columns, "loss");
        List<Point> points = new ArrayList<>();
        for (int i = 1; i < lines.size(); i++) {
            if (!lines.get(i).isBlank()) {
                List<String> cells = cells(lines.get(i));
                points.add(new Point(
                        number(file, i + 1, cells, n, header),
                        number(file, i + 1, cells, d, header),
                        number(file, i + 1, cells, loss, header),
                        i + 1));
            }
        }
        return new PointTable(List.copyOf(points));
    }

    private static int column(Path file, List<String> header, Map<String, String> columns, String key) {
        String name = columns.getOrDefault(key, key);
        int index = header.indexOf(name);
        if (index < 0) {
            throw new AnalysisException(file + " line 1: no column " + name + " (for " + key + "); found " + header
                    + ". Name the columns, for example " + key + "=" + header.get(0) + ".");
        }
        return index;
    }

    private static double number(Path file, int line, List<String> cells, int column, List<String> header) {
        String text = column < cells.size() ? cells.get(column) : "";
        try {
            double value = Double.parseDouble(text);
            if (value > 0 && Double.isFinite(value)) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Reported below with the place.
        }
        throw new AnalysisException(file + " line " + line + ", column " + header.get(column)
                + ": expected a positive number, found " + (text.isEmpty() ? "nothing" : "\"" + text + "\"") + ".");
    }

    /** Cells of a line; quotes may enclose commas, a doubled quote stands for one. */
    private static List<String> cells(String line) {
        List<String> cells = new ArrayList<>();
        StringBuilder cell = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (c == '"' && quoted && i + 1 < line.length() && line.charAt(i + 1) == '"') {
                cell.append(c);
                i++;
            } else if (c == '"') {
                quoted = !quoted;
            } else if (c == ',' && !quoted) {
                cells.add(cell.toString().strip());
                cell.setLength(0);
            } else {
                cell.append(c);
            }
        }
        cells.add(cell.toString().strip());
        return cells;
    }
}
