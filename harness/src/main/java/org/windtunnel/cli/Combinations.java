package org.windtunnel.cli;

import java.util.ArrayList;
import java.util.List;
import org.windtunnel.scaling.Compatibility;

/** The matrix of optimizers and parameterizations, as a table in Markdown that reads well on a terminal, too. */
final class Combinations {
    private Combinations() {}

    static String text() {
        StringBuilder out = new StringBuilder();
        table().forEach(line -> out.append(line).append('\n'));
        out.append("\nyes: published; derived (x): from the published rules for x, by our own algebra; –: refused\n");
        for (String p : Compatibility.parameterizations()) {
            if (!Compatibility.refusal(p).isEmpty()) {
                out.append("  ").append(p).append(": ").append(Compatibility.refusal(p)).append('\n');
            }
        }
        return out.toString();
    }

    /** Its lines. */
    static List<String> table() {
        List<List<String>> rows = new ArrayList<>();
        rows.add(new ArrayList<>(Compatibility.OPTIMIZERS));
        rows.get(0).add(0, "");
        for (String p : Compatibility.parameterizations()) {
            List<String> row = new ArrayList<>(List.of(p));
            Compatibility.OPTIMIZERS.forEach(o -> row.add(Compatibility.text(p, o)));
            rows.add(row);
        }
        int[] width = new int[rows.get(0).size()];
        rows.forEach(row -> {
            for (int c = 0; c < width.length; c++) {
                width[c] = Math.max(width[c], row.get(c).length());
            }
        });
        List<String> lines = new ArrayList<>();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder("|");
            for (int c = 0; c < width.length; c++) {
                line.append(' ').append(row.get(c)).append(" ".repeat(width[c] - row.get(c).length())).append(" |");
            }
            lines.add(line.toString());
        }
        StringBuilder rule = new StringBuilder("|");
        for (int w : width) {
            rule.append("-".repeat(w + 2)).append('|');
        }
        lines.add(1, rule.toString());
        return lines;
    }
}
