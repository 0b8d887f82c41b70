package org.windtunnel.config;

/** What the schedules' shared keys say in the config reference. */
final class ScheduleDocs {
    static final String LENGTH = "steps or fraction";
    static final String WARMUP = "Linear warm-up: steps, or below 1 a fraction of the run";
    static final String WARMUP_FROM = "Factor on the peak rate that the warm-up starts from";
    static final String FLOOR = "Final rate as a fraction of the peak";
    static final String CONVENTION = "How steps i = 0, 1, ... are counted. house: warm-up (i+1)/W, the first step already "
            + "moves and the last step is at the floor; nanogpt: warm-up (i+1)/(W+1); optax (also ArchScale, epfml): i/W; "
            + "multi_power_law: i/(W-1); these three reach the floor one step past the end";

    private ScheduleDocs() {}
}
