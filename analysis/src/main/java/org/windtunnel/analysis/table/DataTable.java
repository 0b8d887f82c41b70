package org.windtunnel.analysis.table;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
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
        try {
            return file.toString().endsWith(".jsonl") ? readJsonLines(file) : readCsv(file);
        } catch (IOException e) {
            throw new AnalysisException("Cannot read " + file + ": expected a CSV file with a header line or a .jsonl"
                    + " file. Check the path.", e);
        }
    }

    /** Rows given as such. */
    public static DataTable of(Path source, List<String> columns, List<Row> rows) {
        return new DataTable(source, columns, rows);
    }

    private static DataTable readCsv(Path file) throws IOException {
        CsvMapper mapper = CsvMapper.builder()
                .enable(CsvParser.Feature.WRAP_AS_ARRAY)
                .enable(CsvParser.Feature.TRIM_SPACES)
                .enable(CsvParser.Feature.SKIP_EMPTY_LINES)
                .build();
        List<String> header = null;
        List<Row> rows = new ArrayList<>();
        try (BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8);
                MappingIterator<String[]> lines = mapper.readerFor(String[].class).readValues(reader)) {
            while (lines.hasNextValue()) {
                String[] cells = lines.nextValue();
                if (header == null) {
                    cells[0] = cells[0].replace("\uFEFF", "");
                    header = List.of(cells);
                } else {
                    // The parser stands behind the line's end.
                    long line = lines.getParser().currentTokenLocation().getLineNr();
                    rows.add(row(file.getFileName() + " line " + line, header, cells));
                }
            }
        } catch (JsonProcessingException e) {
            throw new AnalysisException(file + ": expected comma-separated values, found " + e.getOriginalMessage()
                    + " at line " + (e.getLocation() == null ? "?" : e.getLocation().getLineNr()) + ".", e);
        }
        if (header == null) {
            throw new AnalysisException(file + " is empty: expected a header line that names the columns.");
        }
        return new DataTable(file, header, rows);
    }

    private static Row row(String place, List<String> header, String[] cells) {
        if (cells.length > header.size()) {
            throw new AnalysisException(place + ": expected " + header.size() + " cells as in the header, found "
                    + cells.length + ". Quote cells that contain commas.");
        }
        Map<String, String> named = new LinkedHashMap<>();
        for (int i = 0; i < cells.length; i++) {
            named.put(header.get(i), cells[i]);
        }
        return new Row(place, named);
    }

    private static DataTable readJsonLines(Path file) throws IOException {
        ObjectMapper mapper = new ObjectMapper();
        Map<String, Boolean> columns = new LinkedHashMap<>();
        List<Row> rows = new ArrayList<>();
        List<String> lines = Files.readAllLines(file, StandardCharsets.UTF_8);
        for (int i = 0; i < lines.size(); i++) {
            if (lines.get(i).isBlank()) {
                continue;
            }
            String place = file.getFileName() + " line " + (i + 1);
            JsonNode object;
            try {
                object = mapper.readTree(lines.get(i));
            } catch (JsonProcessingException e) {
                throw new AnalysisException(place + ": expected a JSON object, found " + e.getOriginalMessage(), e);
            }
            Map<String, String> cells = new LinkedHashMap<>();
            object.fields().forEachRemaining(field -> {
                if (field.getValue().isValueNode() && !field.getValue().isNull()) {
                    columns.put(field.getKey(), true);
                    cells.put(field.getKey(), field.getValue().asText());
                }
            });
            rows.add(new Row(place, cells));
        }
        return new DataTable(file, List.copyOf(columns.keySet()), rows);
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
