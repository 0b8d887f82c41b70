package org.windtunnel.launch;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.config.ScheduleSpec;
import org.windtunnel.config.ScheduleSpec.Convention;
import org.windtunnel.config.ScheduleSpec.DecayShape;
import org.windtunnel.train.BranchPoint;
import org.windtunnel.train.RunJob;

/** Runs that start from a trunk's state: several cooldowns of one run cost that run once. */
public final class Branches {
    private static final int HASH_DIGITS = 8;

    private Branches() {}

    /** Optimizer steps of an experiment. */
    public static long steps(ExperimentSpec spec) {
        return spec.train().resolvedSteps(spec.model().unitsPerExample());
    }

    /**
     * The step of a trunk at which a branch starts.
     *
     * @param at steps, or below 1 a fraction of the trunk
     * @throws ConfigException if the trunk does not get there
     */
    public static long start(ExperimentSpec trunk, double at) {
        long steps = steps(trunk);
        long start = at < 1 ? Math.max(1, Math.round(at * steps)) : Math.round(at);
        if (start > steps || at >= 1 && start != at) {
            throw new ConfigException("branches: expected at to be a whole number of steps from 1 to " + steps
                    + ", the steps of the trunk, or a fraction below 1, found " + at);
        }
        return start;
    }

    /**
     * The experiment of a branch: the trunk's with a budget of {@code start} + {@code length} steps.
     *
     * @param length steps, or below 1 a fraction of all the branch's steps
     * @param schedule over all these steps; null for the trunk's warm-up and peak and then a decay by one_minus_sqrt
     */
    public static ExperimentSpec experiment(ExperimentSpec trunk, long start, double length, ScheduleSpec schedule) {
        long own = length < 1 ? Math.max(1, Math.round(start * length / (1 - length))) : Math.round(length);
        if (length >= 1 && own != length) {
            throw new ConfigException("branches: expected steps to be a whole number or a fraction below 1, found " + length);
        }
        ScheduleSpec over = schedule != null ? schedule : cooldown(trunk, own);
        return trunk.with(over, trunk.train().withSteps(start + own));
    }

    private static ScheduleSpec cooldown(ExperimentSpec trunk, long own) {
        ScheduleSpec s = trunk.schedule();
        double warmup = 0;
        double from = 0;
        Convention convention = Convention.HOUSE;
        if (s instanceof ScheduleSpec.Constant constant) {
            warmup = constant.warmup();
            from = constant.warmupFrom();
            convention = constant.convention();
        } else if (s instanceof ScheduleSpec.Wsd wsd) {
            warmup = wsd.warmup();
            from = wsd.warmupFrom();
            convention = wsd.convention();
        } else {
            throw new ConfigException("branches: expected a trunk whose rate stays at its peak (schedule constant or wsd), "
                    + "or a schedule for the branches; found neither");
        }
        double steps = warmup < 1 ? Math.round(warmup * steps(trunk)) : warmup;
        return new ScheduleSpec.Wsd(steps, from, own, DecayShape.ONE_MINUS_SQRT, 0, null, convention);
    }

    /**
     * Checks that a branch can take over its trunk's state.
     *
     * @throws ConfigException with what differs
     */
    public static void requireContinuable(ExperimentSpec trunk, ExperimentSpec branch) {
        same("model", trunk.model(), branch.model());
        same("data", trunk.data(), branch.data());
        same("parameterization", trunk.parameterization(), branch.parameterization());
        same("seed", trunk.seed(), branch.seed());
        same("optimizer.type", trunk.optimizer().getClass(), branch.optimizer().getClass());
        same("train.batch", trunk.train().batch(), branch.train().batch());
        same("train.loss", trunk.train().loss(), branch.train().loss());
        same("train.sampling", trunk.train().sampling(), branch.train().sampling());
        same("runtime.precision", trunk.runtime().precision(), branch.runtime().precision());
    }

    private static void same(String key, Object trunk, Object branch) {
        if (!Objects.equals(trunk, branch)) {
            throw new ConfigException(key + ": expected a branch to keep its trunk's, since it goes on from the trunk's "
                    + "state; change the schedule, the learning rate or the budget instead");
        }
    }

    /** The branch as a planned run. */
    static PlannedRun planned(PlannedRun trunk, long start, ExperimentSpec spec) {
        BranchPoint point = new BranchPoint(trunk.runId(), RunJob.identity(trunk.spec(), trunk.branch()), start);
        Map<String, Object> axes = new LinkedHashMap<>(trunk.axes());
        axes.put("train.steps", steps(spec));
        return new PlannedRun(slug(trunk.slug(), start), hash(spec, point), axes, spec, point);
    }

    /** Readable name of a branch. */
    public static String slug(String trunk, long start) {
        return trunk + "-at" + start;
    }

    /** Short name of a branch's identity. */
    public static String hash(ExperimentSpec spec, BranchPoint point) {
        return RunJob.identity(spec, point).substring(0, HASH_DIGITS);
    }
}
