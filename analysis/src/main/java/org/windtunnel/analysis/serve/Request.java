package org.windtunnel.analysis.serve;

import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The part of a request that decides the answer. */
final class Request {
    private final String path;
    private final Map<String, List<String>> parameters = new HashMap<>();

    private Request(String path) {
        this.path = path;
    }

    /** @throws IllegalArgumentException if the query is not encoded as it should be */
    static Request of(URI uri) {
        Request request = new Request(uri.getPath());
        String query = uri.getRawQuery();
        if (query != null) {
            for (String pair : query.split("&")) {
                int equals = pair.indexOf('=');
                String key = decode(equals < 0 ? pair : pair.substring(0, equals));
                String value = equals < 0 ? "" : decode(pair.substring(equals + 1));
                request.parameters.computeIfAbsent(key, k -> new ArrayList<>()).add(value);
            }
        }
        return request;
    }

    private static String decode(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    String path() {
        return path;
    }

    /** A parameter's first value, or null. */
    String first(String name) {
        return all(name).stream().findFirst().orElse(null);
    }

    /** A parameter's values. */
    List<String> all(String name) {
        return parameters.getOrDefault(name, List.of());
    }
}
