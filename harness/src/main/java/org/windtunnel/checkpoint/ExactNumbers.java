package org.windtunnel.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.windtunnel.config.ConfigException;

/** Doubles in JSON, bit for bit; the numbers that JSON does not have are written as text. */
public final class ExactNumbers {
    private ExactNumbers() {}

    public static void put(ObjectNode into, String key, double value) {
        if (Double.isFinite(value)) {
            into.put(key, value);
        } else {
            into.put(key, Double.toString(value));
        }
    }

    /** @throws ConfigException if there is no number of that name */
    public static double get(ObjectNode from, String key) {
        try {
            return Double.parseDouble(from.path(key).asText());
        } catch (NumberFormatException e) {
            throw new ConfigException("the checkpoint's state has no number " + key, e);
        }
    }
}
