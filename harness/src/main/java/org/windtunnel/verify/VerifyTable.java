package org.windtunnel.verify;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A verification as aligned text. */
public final class VerifyTable {
    private static final List<String> HEADER =
            List.of("case", "quantity", "max abs", "max rel", "tolerance", "verdict");

    private VerifyTable() {}

    /** The table of checks, then what was left out and why, then one line of summary. */
    public static String format(VerifyReport report) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(HEADER);
        for (Check c : report.checks()) {
            rows.add(List.of(c.caseName(), c.quantity(), number(c.maxAbs()), number(c.maxRel()), c.tolerance(),
                    c.passed() ? "ok" : "FAILED"));
        }
        StringBuilder out = new StringBuilder(aligned(rows));
        report.unsupported().forEach(l -> out.append("not supported: ").append(l.file()).append(": ")
                .append(l.reason()).append('\n'));
        report.unreadable().forEach(l -> out.append("UNREADABLE: ").append(l.file()).append(": ")
                .append(l.reason()).append('\n'));
        return out.append(summary(report)).append('\n').toString();
    }

    private static String summary(VerifyReport report) {
        long failed = report.checks().stream().filter(c -> !c.passed()).count();
        return String.format(Locale.ROOT, "%s: %d checks, %d failed, %d not supported, %d unreadable",
                report.passed() ? "PASSED" : "FAILED", report.checks().size(), failed, report.unsupported().size(),
                report.unreadable().size());
    }

    private static String number(double x) {
        return x == 0 ? "0" : String.format(Locale.ROOT, "%.1e", x);
    }

    private static String aligned(List<List<String>> rows) {
        int[] widths = new int[HEADER.size()];
        for (List<String> row : rows) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        StringBuilder out = new StringBuilder();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                line.append(row.get(i)).append(" ".repeat(widths[i] - row.get(i).length() + 2));
            }
            out.append(line.toString().stripTrailing()).append('\n');
        }
        return out.toString();
    }
}
