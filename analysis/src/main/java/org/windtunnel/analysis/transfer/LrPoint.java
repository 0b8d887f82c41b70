package org.windtunnel.analysis.transfer;

import java.util.List;

/**
 * One learning rate of one bowl, averaged over seeds.
 *
 * @param lr peak learning rate
 * @param loss mean final evaluation loss over seeds, nats per token; null when a seed diverged (counts as infinite)
 * @param spread standard deviation over seeds; null with one seed or after a divergence
 * @param seeds of the runs, increasing
 * @param seedLosses final losses in the order of the seeds, null where that run diverged
 * @param runIds the runs behind the point, in that order
 */
public record LrPoint(
        double lr, Double loss, Double spread, List<Long> seeds, List<Double> seedLosses, List<String> runIds) {

    /** Whether any seed diverged. */
    public boolean diverged() {
        return loss == null;
    }
}
