package org.windtunnel.config;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** Collects what is wrong with a configuration, so that several mistakes are reported at once. */
final class Problems {
    private static final int SHOWN = 10;

    private final List<String> lines = new ArrayList<>();
    private final Set<Kind> kinds = EnumSet.noneOf(Kind.class);

    /** What sort of problem; an incomplete base of a sweep may have some of them. */
    enum Kind {
        /** A required key was not given. */
        MISSING,
        /** Keys that are each right do not go together. */
        CONFLICT,
        /** Anything else: wrong whatever a sweep sets. */
        INVALID
    }

    void add(Kind kind, Origin origin, String path, String message) {
        kinds.add(kind);
        lines.add(origin + ": " + (path.isEmpty() ? "" : path + ": ") + message);
    }

    void invalid(Origin origin, String path, String message) {
        add(Kind.INVALID, origin, path, message);
    }

    int count() {
        return lines.size();
    }

    boolean any(Kind kind) {
        return kinds.contains(kind);
    }

    void throwIfAny() {
        if (!lines.isEmpty()) {
            throw exception();
        }
    }

    ConfigException exception() {
        List<String> shown = lines.subList(0, Math.min(SHOWN, lines.size()));
        int hidden = lines.size() - shown.size();
        return new ConfigException(String.join("\n", shown) + (hidden > 0 ? "\n... and " + hidden + " more" : ""));
    }
}
