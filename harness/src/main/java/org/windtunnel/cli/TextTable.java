package org.windtunnel.cli;

import java.util.ArrayList;
import java.util.List;

/** Rows of text in aligned columns; columns of numbers to the right. */
final class TextTable {
    private final List<String> header;
    private final List<List<String>> rows = new ArrayList<>();

    TextTable(List<String> header) {
        this.header = header;
    }

    void row(List<String> cells) {
        rows.add(cells);
    }

    /** The table, each line ended. */
    @Override
    public String toString() {
        StringBuilder out = new StringBuilder();
        int[] width = new int[header.size()];
        boolean[] right = new boolean[header.size()];
        for (int c = 0; c < width.length; c++) {
            int column = c;
            width[c] = Math.max(
                    header.get(c).length(),
                    rows.stream().mapToInt(r -> r.get(column).length()).max().orElse(0));
            right[c] = !rows.isEmpty() && rows.stream().allMatch(r -> isNumber(r.get(column)));
        }
        line(out, header, width, right);
        rows.forEach(r -> line(out, r, width, right));
        return out.toString();
    }

    private static boolean isNumber(String cell) {
        return cell.isEmpty() || cell.equals("-") || cell.matches("[-+]?[0-9.].*");
    }

    private static void line(StringBuilder out, List<String> cells, int[] width, boolean[] right) {
        StringBuilder line = new StringBuilder();
        for (int c = 0; c < width.length; c++) {
            String pad = " ".repeat(width[c] - cells.get(c).length());
            line.append(right[c] ? pad + cells.get(c) : cells.get(c) + pad).append("  ");
        }
        out.append(line.toString().stripTrailing()).append('\n');
    }
}
