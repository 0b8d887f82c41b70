package org.windtunnel.config;

import java.util.List;
import java.util.Map;

/**
 * How one experiment file becomes many runs: the union of its grids, its random draws and its listed runs, duplicates
 * removed.
 *
 * <p>An axis is a config path with its values: a list; {@code {log2_range: [from, to, step]}}, powers of two with both
 * ends; or {@code {geometric: [from, to, count]}}. A value may be a whole section, and may be given a name for run ids
 * as {@code {label: NAME, value: ...}}.
 */
public record SweepSpec(
        @Key(value = "Worker processes at a time: on this machine, or in each task of slurm or kubernetes", def = "1")
                @Range(min = 1) int workers,
        @Key(value = "On the cuda backend: runs that a worker trains at once as one stacked step, at most; they differ "
                        + "in seed, learning rate, weight decay or schedule only. Fewer where the GPU's memory ends; "
                        + "1: one after the other", def = "16")
                @Range(min = 1, max = 64) int pack,
        @Key(value = "Who does the runs; the name alone will do, as in launcher: slurm", def = "{type: local}")
                LauncherSpec launcher,
        @Key(value = "Grids: each a map from config path to an axis; every combination is a run", def = "[]")
                List<Map<String, ConfigNode>> grids,
        @Key(value = "Runs drawn at random", def = Key.NONE) Random random,
        @Key(value = "Runs listed one by one: each a map from config path to value", def = "[]")
                List<Map<String, ConfigNode>> runs,
        @Key(value = "Seeds; every run is done with each", def = "[]") List<Long> seeds,
        @Key(
                        value = "Config paths computed for each run: expressions over config paths and params.total, "
                                + "params.embedding, params.non_embedding, for example train.tokens: 20 * params.non_embedding",
                        def = "{}")
                Map<String, String> derived,
        @Key(value = "Branches of every run: each continues it from a step on under another schedule, without training "
                        + "the steps before again", def = "[]")
                List<Branch> branches) {

    /**
     * Runs that start from the state of another one, the trunk.
     *
     * @param schedule null for the default
     */
    public record Branch(
            @Key(value = "Where branches start: steps of the trunk, or below 1 a fraction of it", unit = "steps or fraction")
                    @Range(min = 0, aboveMin = true) List<Double> at,
            @Key(value = "Length of a branch: steps, or below 1 a fraction of all its steps, those of the trunk included",
                            def = "0.2", unit = "steps or fraction")
                    @Range(min = 0, aboveMin = true) double steps,
            @Key(value = "Learning rate over all its steps, those of the trunk included; none: the trunk's warm-up and peak, "
                            + "then a decay by one_minus_sqrt over the branch", def = Key.NONE)
                    ScheduleSpec schedule) {

        public Branch {
            at = List.copyOf(at);
        }
    }

    /** Random search. */
    public record Random(
            @Key("Number of runs") @Range(min = 1) int count,
            @Key(value = "Seed of the draws", def = "1") long seed,
            @Key("Axes: {uniform: [from, to]}, {log_uniform: [from, to]} or a list to choose from")
                    Map<String, ConfigNode> axes) {}
}
