package org.windtunnel.analysis.transfer;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.analysis.Numbers;
import org.windtunnel.analysis.curve.Run;

/** Short names for groups of runs. */
public final class Labels {
    private static final String ALL = "all runs";

    private Labels() {}

    /** The last key of a config path: {@code width} of {@code model.width}. */
    public static String key(String path) {
        return path.substring(path.lastIndexOf('.') + 1);
    }

    /** Values of a run at some config paths; paths without a value are left out. */
    public static Map<String, Object> values(Run run, List<String> paths) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (String path : paths) {
            run.value(path).ifPresent(v -> values.put(path, v));
        }
        return values;
    }

    /**
     * {@code mup}, {@code mup, tokens=2M}, or {@code all runs} for an empty map: texts alone, numbers with their key.
     */
    public static String of(Map<String, Object> values) {
        if (values.isEmpty()) {
            return ALL;
        }
        List<String> parts = new ArrayList<>();
        values.forEach((path, value) -> parts.add(
                value instanceof String s
                        ? s
                        : key(path) + "="
                                + (value instanceof Number n ? Numbers.text(n.doubleValue()) : value)));
        return String.join(", ", parts);
    }
}
