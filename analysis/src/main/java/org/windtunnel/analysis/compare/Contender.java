package org.windtunnel.analysis.compare;

import java.util.Map;

/**
 * One family at its best learning rate, and its best setting of what else its runs vary.
 *
 * @param label short name, such as {@code muon}
 * @param lr the rate of least mean final loss
 * @param edge whether that is the lowest or highest rate tried, so that the best may lie beyond
 * @param others the best setting of what else its runs vary, such as weight decay, by config path; empty if nothing
 * @param seeds runs behind the numbers: those of this rate and setting
 * @param loss mean final evaluation loss, nats per token
 * @param error its standard error over seeds; null with one seed
 * @param difference loss less the baseline's, averaged over common seeds where there are any; 0 for the baseline
 * @param differenceError its standard error; null where it cannot be told, 0 for the baseline
 * @param stepsToBaseline first evaluated step at which the mean loss is no more than the baseline's final one; null if none
 * @param steps of the budget
 * @param stateBytesPerParameter of the optimizer; null where unknown
 * @param millisecondsPerStep median over the runs' logs; NaN without any
 */
public record Contender(
        String label,
        double lr,
        boolean edge,
        Map<String, Object> others,
        int seeds,
        double loss,
        Double error,
        double difference,
        Double differenceError,
        Long stepsToBaseline,
        long steps,
        Double stateBytesPerParameter,
        double millisecondsPerStep) {}
