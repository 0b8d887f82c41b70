package org.windtunnel.train;

/** Hears of a run's progress; called from the training thread once a logged step. */
@FunctionalInterface
public interface ProgressListener {

    /**
     * @param step finished steps
     * @param steps planned steps
     * @param loss nats per token of the last step
     * @param speed since the previous logged step
     */
    void progress(long step, long steps, double loss, Speed speed);

    /** Hears nothing. */
    ProgressListener NONE = (step, steps, loss, speed) -> {};
}
