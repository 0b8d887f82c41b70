package org.windtunnel.analysis.annealing;

import org.windtunnel.analysis.law.LearningRateTrace;

/**
 * Losses of one run with the learning rate of every step.
 *
 * @param name of the run or schedule
 * @param trace learning rates
 * @param steps of the losses, from 0, less than the trace's length
 * @param losses nats per token
 */
public record ScheduledCurve(String name, LearningRateTrace trace, int[] steps, double[] losses) {

    public int size() {
        return steps.length;
    }
}
