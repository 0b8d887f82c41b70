package org.windtunnel.config;

import java.nio.file.Path;

/**
 * Where work that need not be done twice is kept, in files that may be deleted at any time: {@code windtunnel.cache}
 * (system property), {@code WINDTUNNEL_CACHE} (environment), {@code $XDG_CACHE_HOME/windtunnel} or
 * {@code ~/.cache/windtunnel}, the first that is set.
 */
public final class CacheDirectory {
    private CacheDirectory() {}

    public static Path path() {
        String set = System.getProperty("windtunnel.cache", System.getenv("WINDTUNNEL_CACHE"));
        if (set != null && !set.isBlank()) {
            return Path.of(set);
        }
        String xdg = System.getenv("XDG_CACHE_HOME");
        Path root = xdg != null && !xdg.isBlank() ? Path.of(xdg) : Path.of(System.getProperty("user.home"), ".cache");
        return root.resolve("windtunnel");
    }
}
