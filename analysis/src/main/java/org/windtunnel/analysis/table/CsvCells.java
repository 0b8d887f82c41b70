package org.windtunnel.analysis.table;

import java.util.AbstractMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Cells of a CSV line by column: a view of the line, since a map of its own for every line of a long table is too much. */
final class CsvCells extends AbstractMap<String, String> {
    private final List<String> header;
    private final Map<String, Integer> index;
    private final String[] cells;

    /** @param index of each column in the header */
    CsvCells(List<String> header, Map<String, Integer> index, String[] cells) {
        this.header = header;
        this.index = index;
        this.cells = cells;
    }

    @Override
    public String get(Object column) {
        Integer at = index.get(column);
        return at == null || at >= cells.length ? null : cells[at];
    }

    @Override
    public boolean containsKey(Object column) {
        return get(column) != null;
    }

    @Override
    public Set<Entry<String, String>> entrySet() {
        Map<String, String> all = new LinkedHashMap<>();
        for (int i = 0; i < cells.length; i++) {
            all.put(header.get(i), cells[i]);
        }
        return all.entrySet();
    }
}
