package org.windtunnel.analysis.serve;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.charset.StandardCharsets;

/**
 * What a request is answered with.
 *
 * @param policy the content security policy
 */
record Response(int status, String type, byte[] body, String policy) {
    /** A page may load what this server has, and nothing else. */
    static final String OWN = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
            + "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static final ObjectMapper JSON = new ObjectMapper();

    static Response json(JsonNode content) {
        return json(200, content);
    }

    static Response error(int status, String message) {
        return json(status, JsonNodeFactory.instance.objectNode().put("error", message));
    }

    private static Response json(int status, JsonNode content) {
        try {
            return new Response(status, "application/json", JSON.writeValueAsBytes(content), OWN);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    static Response text(String type, String text) {
        return new Response(200, type + "; charset=utf-8", text.getBytes(StandardCharsets.UTF_8), OWN);
    }
}
