package org.windtunnel.config;

import java.util.List;
import java.util.Map;

/** How one experiment file becomes many runs. Filled in by the loader of the {@code sweep} section. */
public record SweepSpec(
        @Key(value = "Worker processes", def = "1") int workers,
        @Key(value = "Grids of axes, each a map from config path to a list of values; their union is the sweep")
                List<Map<String, Object>> grids) {}
