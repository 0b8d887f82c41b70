package org.windtunnel.analysis.table;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.dataformat.csv.CsvMapper;
import com.fasterxml.jackson.dataformat.csv.CsvParser;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.windtunnel.analysis.AnalysisException;

/** Reads a table row by row, so that one larger than the memory can be reduced while it is read. */
public final class TableReader {
    private final Path file;
    private final String name;
    private final Consumer<DataTable.Row> rows;

    private TableReader(Path file, Consumer<DataTable.Row> rows) {
        this.file = file;
        name = file.getFileName().toString();
        this.rows = rows;
    }

    /**
     * Hands on every row of a file: JSON objects by line if its name ends in {@code .jsonl}, else comma-separated values.
     *
     * @return the columns
     * @throws AnalysisException if it cannot be read, is empty, or a line is malformed
     */
    public static List<String> scan(Path file, Consumer<DataTable.Row> rows) {
        TableReader reader = new TableReader(file, rows);
        try {
            return file.toString().endsWith(".jsonl") ? reader.jsonLines() : reader.csv();
        } catch (IOException e) {
            throw new AnalysisException("Cannot read " + file + ": expected a CSV file with a header line or a .jsonl"
                    + " file. Check the path.", e);
        }
    }

    private List<String> csv() throws IOException {
        CsvMapper mapper = CsvMapper.builder()
                .enable(CsvParser.Feature.WRAP_AS_ARRAY)
                .enable(CsvParser.Feature.TRIM_SPACES)
                .enable(CsvParser.Feature.SKIP_EMPTY_LINES)
                .build();
        List<String> header = null;
        Map<String, Integer> index = new HashMap<>();
        try (BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8);
                MappingIterator<String[]> lines = mapper.readerFor(String[].class).readValues(reader)) {
            while (lines.hasNextValue()) {
                String[] cells = lines.nextValue();
                if (header == null) {
                    cells[0] = cells[0].replace("\uFEFF", "");
                    header = List.of(cells);
                    for (int i = 0; i < cells.length; i++) {
                        index.putIfAbsent(cells[i], i);
                    }
                } else {
                    // The parser stands behind the line's end.
                    String place = name + " line " + lines.getParser().currentTokenLocation().getLineNr();
                    if (cells.length > header.size()) {
                        throw new AnalysisException(
                                place + ": expected " + header.size() + " cells as in the header, found " + cells.length
                                        + ". Quote cells that contain commas.");
                    }
                    rows.accept(new DataTable.Row(place, new CsvCells(header, index, cells)));
                }
            }
        } catch (JsonProcessingException e) {
            throw new AnalysisException(file + ": expected comma-separated values, found " + e.getOriginalMessage()
                    + " at line " + (e.getLocation() == null ? "?" : e.getLocation().getLineNr()) + ".", e);
        }
        if (header == null) {
            throw new AnalysisException(file + " is empty: expected a header line that names the columns.");
        }
        return header;
    }

    private List<String> jsonLines() throws IOException {
        ObjectReader objects = new ObjectMapper().readerFor(JsonNode.class);
        Set<String> columns = new LinkedHashSet<>();
        try (BufferedReader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            long number = 0;
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                number++;
                if (!line.isBlank()) {
                    rows.accept(object(objects, name + " line " + number, line, columns));
                }
            }
        }
        return List.copyOf(columns);
    }

    private static DataTable.Row object(ObjectReader objects, String place, String line, Set<String> columns) {
        JsonNode object;
        try {
            object = objects.readTree(line);
        } catch (JsonProcessingException e) {
            throw new AnalysisException(place + ": expected a JSON object, found " + e.getOriginalMessage(), e);
        }
        Map<String, String> cells = new LinkedHashMap<>();
        object.properties().forEach(field -> {
            if (field.getValue().isValueNode() && !field.getValue().isNull()) {
                columns.add(field.getKey());
                cells.put(field.getKey(), field.getValue().asText());
            }
        });
        return new DataTable.Row(place, cells);
    }
}
