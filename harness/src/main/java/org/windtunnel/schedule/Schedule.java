package org.windtunnel.schedule;

/** A learning-rate schedule, a pure function of the step. */
@FunctionalInterface
public interface Schedule {

    /**
     * Factor on the peak learning rate.
     *
     * @param step 0-based optimizer step, 0 for the first update
     */
    double multiplier(long step);
}
