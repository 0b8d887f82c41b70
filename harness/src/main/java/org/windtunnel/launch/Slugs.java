package org.windtunnel.launch;

import java.util.Map;
import java.util.StringJoiner;
import java.util.regex.Pattern;
import org.windtunnel.config.ConfigLoader;

/** Readable names of runs, safe as file names. */
final class Slugs {
    private static final int MAX = 60;
    private static final Pattern UNSAFE = Pattern.compile("[^A-Za-z0-9.+_-]");
    private static final Pattern HIDDEN = Pattern.compile("^[.-]+");
    private static final Map<String, String> SHORT = Map.of(
            "width", "w", "depth", "d", "lr", "lr", "tokens", "t", "steps", "n", "seed", "s", "batch", "b");

    private Slugs() {}

    /** From the axes' values in their order; the experiment's name where there are none. */
    static String of(Map<String, Axis.Value> point, String name) {
        if (point.isEmpty()) {
            return safe(name);
        }
        StringJoiner parts = new StringJoiner("-");
        point.forEach((path, value) -> parts.add(part(path, value)));
        return safe(parts.toString());
    }

    private static String part(String path, Axis.Value value) {
        if (value.label() != null) {
            return value.label();
        }
        Object plain = ConfigLoader.plain(value.node());
        if (plain instanceof Map<?, ?> section) {
            Object chosen = section.containsKey("type") ? section.get("type") : section.get("family");
            return chosen != null ? chosen.toString() : path.substring(path.lastIndexOf('.') + 1);
        }
        String key = path.substring(path.lastIndexOf('.') + 1);
        return key.equals("type") || key.equals("family") ? plain.toString() : SHORT.getOrDefault(key, key) + plain;
    }

    /** Letters, digits, dot, plus, minus and underscore; never a hidden or parent directory. */
    private static String safe(String text) {
        String clean = HIDDEN.matcher(UNSAFE.matcher(text).replaceAll("_")).replaceAll("_");
        return clean.length() > MAX ? clean.substring(0, MAX) : clean;
    }
}
