package org.windtunnel.analysis.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Collection;

/** Building blocks of Vega-Lite specifications, and the one place where JSON enters the page. */
final class Specs {
    private static final ObjectMapper MAPPER = new ObjectMapper();

    /** Enough for any pixel, and it keeps the file small. */
    private static final MathContext DIGITS = new MathContext(6);

    private Specs() {}

    static ObjectNode object() {
        return MAPPER.createObjectNode();
    }

    static ArrayNode array() {
        return MAPPER.createArrayNode();
    }

    /** A literal of this code as a tree; never call it with text from a configuration. */
    static ObjectNode literal(String json) {
        try {
            return (ObjectNode) MAPPER.readTree(json);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("The report's own chart description is not JSON: " + e.getMessage(), e);
        }
    }

    /** Sets a number in six significant digits, or null where there is none or it is not finite. */
    static void number(ObjectNode row, String key, Double value) {
        if (value == null || !Double.isFinite(value)) {
            row.putNull(key);
        } else {
            row.put(key, rounded(value));
        }
    }

    /** A finite value in six significant digits. */
    static BigDecimal rounded(double value) {
        BigDecimal decimal = new BigDecimal(value).round(DIGITS);
        return decimal.signum() == 0 ? BigDecimal.ZERO : decimal.stripTrailingZeros();
    }

    static ArrayNode numbers(Collection<Double> values) {
        ArrayNode array = array();
        values.forEach(v -> array.add(rounded(v)));
        return array;
    }

    static ArrayNode texts(Collection<String> values) {
        ArrayNode array = array();
        values.forEach(array::add);
        return array;
    }

    /**
     * JSON that can stand inside a {@code <script>} element: no character in it can end the element, open a comment or
     * break a line for a script parser.
     */
    static String script(JsonNode node) {
        String json;
        try {
            json = MAPPER.writeValueAsString(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
        return json.replace("<", "\\u003c")
                .replace(">", "\\u003e")
                .replace("&", "\\u0026")
                .replace("\u2028", "\\u2028")
                .replace("\u2029", "\\u2029");
    }
}
