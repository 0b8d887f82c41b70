package org.windtunnel.schedule;

import org.windtunnel.config.ScheduleSpec.Convention;

/**
 * Warm-up in one of the conventions, and the step count that the rest of the schedule is evaluated at.
 *
 * @param steps length of the warm-up
 * @param from factor at its start
 * @param convention how steps are counted
 */
record Ramp(long steps, double from, Convention convention) {

    /** Whether 0-based step {@code i} belongs to the warm-up. */
    boolean covers(long i) {
        return i < steps;
    }

    /** Factor at a step that {@link #covers} says belongs to the warm-up. */
    double at(long i) {
        double u =
                switch (convention) {
                    case HOUSE -> (i + 1.0) / steps;
                    case NANOGPT -> (i + 1.0) / (steps + 1.0);
                    case OPTAX -> (double) i / steps;
                    case MULTI_POWER_LAW -> steps == 1 ? 0 : i / (steps - 1.0);
                };
        return from + (1 - from) * u;
    }

    /** The count that decays are evaluated at: updates including this one (house), or before it (the others). */
    long count(long i) {
        return convention == Convention.HOUSE ? i + 1 : i;
    }
}
