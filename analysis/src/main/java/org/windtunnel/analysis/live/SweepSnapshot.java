package org.windtunnel.analysis.live;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * A sweep at one moment.
 *
 * @param name of its directory
 * @param runs by name, planned ones that have not begun included
 * @param version grows whenever a run ends or an evaluation comes: what is computed from those can be kept until then
 */
public record SweepSnapshot(String name, List<RunSnapshot> runs, long version) {

    /** Runs by state, states without runs left out. */
    public Map<RunState, Integer> counts() {
        Map<RunState, Integer> counts = new EnumMap<>(RunState.class);
        runs.forEach(run -> counts.merge(run.state(), 1, Integer::sum));
        return counts;
    }

    /** Share of the work that is done, 0 to 1; work is FLOPs, with a share for each token. */
    public double progress() {
        double work = runs.stream().mapToDouble(RunSnapshot::work).sum();
        return work > 0 ? runs.stream().mapToDouble(RunSnapshot::workDone).sum() / work : 0;
    }

    /** Tokens a second of all runs that run. */
    public double tokensPerSecond() {
        return runs.stream().mapToDouble(RunSnapshot::tokensPerSecond).filter(Double::isFinite).sum();
    }

    /** Time to the end at the present speed, seconds; NaN when nothing runs. Failed runs are not waited for. */
    public double secondsLeft() {
        double speed = runs.stream().mapToDouble(RunSnapshot::workPerSecond).sum();
        double left = runs.stream()
                .filter(run -> run.state() != RunState.FAILED)
                .mapToDouble(run -> run.work() - run.workDone())
                .sum();
        return speed > 0 ? left / speed : Double.NaN;
    }

    /** Whether nothing runs and nothing is left to do but what has failed. */
    public boolean isOver() {
        return runs.stream().allMatch(run -> run.state().isDecided() || run.state() == RunState.FAILED);
    }
}
