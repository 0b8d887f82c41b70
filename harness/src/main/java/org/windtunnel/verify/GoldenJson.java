package org.windtunnel.verify;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.windtunnel.config.ConfigException;

/** Required fields of golden files, with a message that says what is missing. */
final class GoldenJson {
    private GoldenJson() {}

    static JsonNode field(JsonNode node, String name) {
        JsonNode value = node.get(name);
        if (value == null || value.isNull()) {
            throw new ConfigException("expected a field " + name + ", found " + describe(node));
        }
        return value;
    }

    static double number(JsonNode node, String name) {
        JsonNode value = field(node, name);
        if (!value.isNumber()) {
            throw new ConfigException("expected a number in field " + name + ", found " + value);
        }
        return value.asDouble();
    }

    static int integer(JsonNode node, String name) {
        JsonNode value = field(node, name);
        if (!value.canConvertToExactIntegral()) {
            throw new ConfigException("expected a whole number in field " + name + ", found " + value);
        }
        return value.asInt();
    }

    static String text(JsonNode node, String name) {
        return field(node, name).asText();
    }

    static double[] numbers(JsonNode node, String name) {
        JsonNode array = field(node, name);
        if (!array.isArray()) {
            throw new ConfigException("expected an array in field " + name + ", found " + array.getNodeType());
        }
        double[] out = new double[array.size()];
        for (int i = 0; i < out.length; i++) {
            if (!array.get(i).isNumber()) {
                throw new ConfigException("expected numbers in field " + name + ", found " + array.get(i));
            }
            out[i] = array.get(i).asDouble();
        }
        return out;
    }

    private static String describe(JsonNode node) {
        if (!node.isObject()) {
            return node.getNodeType().toString().toLowerCase(Locale.ROOT);
        }
        List<String> names = new ArrayList<>();
        node.fieldNames().forEachRemaining(names::add);
        return "only " + names;
    }
}
