package org.windtunnel.analysis.transfer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.windtunnel.analysis.curve.Run;

/** Short names for groups of runs. */
public final class Labels {
    private static final String ALL = "all runs";

    private Labels() {}

    /** Values of a run at some config paths; paths without a value are left out. */
    public static Map<String, Object> values(Run run, List<String> paths) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (String path : paths) {
            run.value(path).ifPresent(v -> values.put(path, v));
        }
        return values;
    }

    /** {@code mup}, {@code mup, tokens=2M}, or {@code all runs} for an empty map: texts alone, numbers with their key. */
    public static String of(Map<String, Object> values) {
        if (values.isEmpty()) {
            return ALL;
        }
        List<String> parts = new ArrayList<>();
        values.forEach((path, value) -> parts.add(
                value instanceof String s
                        ? s
                        : path.substring(path.lastIndexOf('.') + 1) + "="
                                + (value instanceof Number n ? number(n.doubleValue()) : value)));
        return String.join(", ", parts);
    }

    /** A number in at most four significant digits, with k, M, G, T from a thousand on: {@code 0.00391}, {@code 98.3k}. */
    public static String number(double value) {
        double magnitude = Math.abs(value);
        if (magnitude >= 1e15 || (magnitude < 1e-4 && magnitude > 0)) {
            return String.format(Locale.ROOT, "%.2e", value);
        }
        String unit = "";
        double scaled = value;
        if (magnitude >= 1000) {
            String[] units = {"", "k", "M", "G", "T"};
            int power = 0;
            while (Math.abs(scaled) >= 999.5 && power < units.length - 1) {
                scaled /= 1000;
                power++;
            }
            unit = units[power];
        }
        return new java.math.BigDecimal(scaled)
                        .round(new java.math.MathContext(3))
                        .stripTrailingZeros()
                        .toPlainString()
                + unit;
    }
}
