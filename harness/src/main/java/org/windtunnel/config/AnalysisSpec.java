package org.windtunnel.config;

import java.util.List;
import java.util.Map;

/** What the end of a sweep computes and draws. */
public record AnalysisSpec(
        @Key(value = "Config path of the learning rate", def = "optimizer.lr") String lr,
        @Key(value = "Config path of what the rate is transferred over: the width, or another size such as model.depth",
                        def = "model.width")
                String width,
        @Key(value = "Config paths whose values split the runs into groups to compare", def = "[parameterization.type]")
                List<String> group,
        @Key(value = "Drift of the best rate that still counts as transfer", def = "0.25", unit = "octaves per doubling")
                @Range(min = 0, aboveMin = true) double driftTolerance,
        @Key(value = "Which runs enter the law: config path and value each; none: all", def = "{}")
                Map<String, Object> lawWhere,
        @Key(value = "What N counts: non_embedding or total", def = "non_embedding") Size n,
        @Key(value = "What the law must predict unseen: none, largest_n or largest_compute", def = "largest_n")
                HoldOut holdOut,
        @Key(value = "Share of the points held out by largest_compute", def = "0.2") @Range(min = 0, max = 1)
                double holdOutFraction,
        @Key(value = "Bootstrap resamples", def = "1000") @Range(min = 0) int bootstrap,
        @Key(value = "Seed of the resampling", def = "1") long seed,
        @Key(value = "Coverage of the intervals", def = "0.95") @Range(min = 0, max = 1) double level) {

    /** Which parameters N counts. */
    public enum Size {
        NON_EMBEDDING,
        TOTAL
    }

    /** Which points are held out. */
    public enum HoldOut {
        NONE,
        LARGEST_N,
        LARGEST_COMPUTE
    }
}
