package org.windtunnel.config;

/**
 * What a run does about a step that goes wrong, before its update is applied.
 *
 * <p>A skipped step uses up its batch and its place in the schedule; weights and optimizer state stay what they were. A
 * restart goes back to a checkpoint, logs included, and leaves out the batches from there to the one that went wrong, as
 * PaLM's training did (Chowdhery et al., arXiv 2204.02311, section 5.1). With checkpoints by steps, not by time, it goes
 * back to the same step whenever the run is repeated.
 */
public record GuardSpec(
        @Key(
                        value = "What to do when the loss or the gradient norm is not finite, or the loss exceeds diverge_factor "
                                + "times the first: stop, skip or restart",
                        def = "stop")
                OnDivergence onDivergence,
        @Key(value = "What to do about a spike: ignore, skip, stop or restart", def = "ignore") OnSpike onSpike,
        @Key(value = "What is watched for spikes: loss, grad_norm or both", def = "loss") Watched watch,
        @Key(
                        value = "A spike is this far above the median of the window, in standard deviations estimated by 1.4826 "
                                + "times the median absolute deviation (at least a thousandth of the median)",
                        def = "6")
                @Range(min = 0, aboveMin = true) double sigmas,
        @Key(value = "Steps in the window, skipped ones left out; from half a window on spikes are looked for", def = "64",
                        unit = "steps")
                @Range(min = 4, max = 4096) int window,
        @Key(value = "Stop as diverged after this many skipped steps in a row", def = "10", unit = "steps")
                @Range(min = 1) int maxSkips,
        @Key(value = "Stop as diverged after this many restarts", def = "3") @Range(min = 1) int maxRestarts) {

    /** What becomes of a diverged step. */
    public enum OnDivergence {
        STOP,
        SKIP,
        RESTART
    }

    /** What becomes of a step with a spike. */
    public enum OnSpike {
        IGNORE,
        SKIP,
        STOP,
        RESTART
    }

    /** What a spike is a spike of. */
    public enum Watched {
        LOSS,
        GRAD_NORM,
        BOTH
    }
}
