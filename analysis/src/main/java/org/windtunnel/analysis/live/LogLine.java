package org.windtunnel.analysis.live;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;

/** A line of {@code curve.jsonl} or {@code eval.jsonl}; a number that it does not have is NaN. */
record LogLine(
        long step, double tokens, double lr, double loss, double gradNorm, double tokensPerSecond, double seconds) {
    private static final JsonFactory JSON = new JsonFactory();

    /** @return null for what is no log line */
    static LogLine parse(String text) {
        long step = -1;
        double[] v = {Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN, Double.NaN};
        try (JsonParser parser = JSON.createParser(text)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                return null;
            }
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                switch (name) {
                    case "step" -> step = parser.currentToken().isNumeric() ? parser.getValueAsLong(-1) : -1;
                    case "tokens" -> v[0] = number(parser);
                    case "lr" -> v[1] = number(parser);
                    case "loss" -> v[2] = number(parser);
                    case "grad_norm" -> v[3] = number(parser);
                    case "tokens_per_s" -> v[4] = number(parser);
                    case "time_s" -> v[5] = number(parser);
                    default -> parser.skipChildren();
                }
            }
            return step < 0 || parser.currentToken() != JsonToken.END_OBJECT
                    ? null
                    : new LogLine(step, v[0], v[1], v[2], v[3], v[4], v[5]);
        } catch (IOException e) {
            return null;
        }
    }

    private static double number(JsonParser parser) throws IOException {
        if (parser.currentToken().isNumeric()) {
            return parser.getDoubleValue();
        }
        parser.skipChildren();
        return Double.NaN;
    }
}
