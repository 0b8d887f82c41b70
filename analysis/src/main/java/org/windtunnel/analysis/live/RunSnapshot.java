package org.windtunnel.analysis.live;

import org.windtunnel.analysis.curve.Run;

/**
 * A run at one moment.
 *
 * @param runId name of its directory
 * @param state how it stands
 * @param run its manifest's facts and its last evaluation, without the curve; null while there is no manifest
 * @param step finished steps
 * @param steps planned
 * @param tokens trained on, the trunk's included
 * @param loss mean training loss over the newest lines of the curve, nats per token; NaN without lines
 * @param evalLoss of the newest evaluation; NaN without one
 * @param tokensPerSecond median of the newest lines; NaN unless it runs
 * @param plan what the sweep's plan says of it; null without a plan
 * @param problem why it cannot be shown, or null
 */
public record RunSnapshot(
        String runId,
        RunState state,
        Run run,
        long step,
        long steps,
        double tokens,
        double loss,
        double evalLoss,
        double tokensPerSecond,
        SweepListing.Planned plan,
        String problem) {
    /** What a token costs besides its FLOPs, in FLOPs: kernels of small models do not shrink with them. */
    private static final double OVERHEAD = 2e6;

    /** Why it diverged or failed; null otherwise. */
    public String reason() {
        return run == null ? null : run.reason();
    }

    /** Share of its steps that are done, 0 to 1. */
    public double progress() {
        return state.isDecided() ? 1 : steps <= 0 ? 0 : Math.min(1, (double) step / steps);
    }

    private double plannedTokens() {
        return run != null && run.plannedTokens() > 0 ? run.plannedTokens() : plan == null ? 0 : plan.tokens();
    }

    /** Where its own steps begin, as a share of its tokens: not 0 for a branch. */
    private double start() {
        return run == null || run.parent() == null || steps <= 0
                ? 0
                : Math.min(1, (double) run.parent().step() / steps);
    }

    /** Work of its own, in FLOPs with the overhead of small models. */
    double work() {
        return plannedTokens() * (1 - start()) * perToken();
    }

    /** How much of it is done. */
    double workDone() {
        return state.isDecided()
                ? work()
                : Math.max(0, Math.min(work(), (tokens - start() * plannedTokens()) * perToken()));
    }

    /** Work in a second; 0 unless it runs. */
    double workPerSecond() {
        return Double.isFinite(tokensPerSecond) ? tokensPerSecond * perToken() : 0;
    }

    private double perToken() {
        double flops = run != null ? run.flopsPerToken() : plan == null ? 0 : plan.flopsPerToken();
        return flops + OVERHEAD;
    }

    /** Time to its end at the present speed, seconds; NaN unless it runs. */
    public double secondsLeft() {
        return state == RunState.RUNNING && tokensPerSecond > 0
                ? Math.max(0, plannedTokens() - tokens) / tokensPerSecond
                : Double.NaN;
    }
}
