package org.windtunnel.analysis.transfer;

import java.util.List;

/**
 * One learning rate of one bowl, averaged over seeds.
 *
 * @param lr peak learning rate
 * @param loss mean final evaluation loss over seeds, nats per token; null when a seed diverged (counts as infinite)
 * @param spread standard deviation over seeds; null with one seed or after a divergence
 * @param seedLosses final losses by seed in {@code runIds} order, null where that run diverged
 * @param runIds the runs behind the point
 */
public record LrPoint(double lr, Double loss, Double spread, List<Double> seedLosses, List<String> runIds) {

    /** Whether any seed diverged. */
    public boolean diverged() {
        return loss == null;
    }
}
