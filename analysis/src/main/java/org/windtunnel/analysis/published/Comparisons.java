package org.windtunnel.analysis.published;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import org.windtunnel.analysis.AnalysisException;

/** Collects comparisons of one fit after the other. */
final class Comparisons {
    private final List<Comparison> all = new ArrayList<>();
    private String fit = "";

    /** Names the fit that the next comparisons belong to. Returns this. */
    Comparisons of(String name) {
        fit = name;
        return this;
    }

    /** Within an absolute difference. Returns this. */
    Comparisons absolute(String quantity, double expected, double obtained, double tolerance) {
        all.add(new Comparison(fit, quantity, expected, obtained, tolerance));
        return this;
    }

    /** Within a difference relative to the expected magnitude. Returns this. */
    Comparisons relative(String quantity, double expected, double obtained, double tolerance) {
        return absolute(quantity, expected, obtained, tolerance * Math.abs(expected));
    }

    /** At most the expected minimum, or above it by a relative tolerance; lower is a better optimum. Returns this. */
    Comparisons minimum(String quantity, double expected, double obtained, double tolerance) {
        double shortfall = Math.max(0, obtained - expected);
        all.add(new Comparison(fit, quantity + " (at most)", expected, expected + shortfall, tolerance * expected));
        return this;
    }

    List<Comparison> list() {
        return List.copyOf(all);
    }

    /**
     * A number at a path of fields.
     *
     * @throws AnalysisException if there is none
     */
    static double number(JsonNode node, String... path) {
        JsonNode at = node;
        for (String field : path) {
            at = at.path(field);
        }
        if (!at.isNumber()) {
            throw new AnalysisException("expected.json: expected a number at " + String.join(".", path) + ", found "
                    + (at.isMissingNode() ? "nothing" : at));
        }
        return at.asDouble();
    }
}
