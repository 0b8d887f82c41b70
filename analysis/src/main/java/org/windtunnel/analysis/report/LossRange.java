package org.windtunnel.analysis.report;

import java.util.List;
import org.windtunnel.analysis.transfer.LrPoint;
import org.windtunnel.analysis.transfer.TransferGroup;

/** Part of the loss axis that bowls need; rates far off the optimum would flatten them and move to the top edge. */
record LossRange(double floor, double ceiling) {

    /** Null when no point has a finite loss. */
    static LossRange of(List<TransferGroup> groups) {
        double[] losses = groups.stream()
                .flatMap(g -> g.bowls().stream())
                .flatMap(b -> b.points().stream())
                .filter(p -> !p.diverged())
                .mapToDouble(LrPoint::loss)
                .sorted()
                .toArray();
        if (losses.length == 0) {
            return null;
        }
        double best = losses[0];
        double median = losses[losses.length / 2];
        double worst = losses[losses.length - 1];
        double ceiling = Math.min(worst, best + Math.max(3 * (median - best), 0.05 * best)) + 0.02 * best;
        return new LossRange(best - 0.06 * (ceiling - best), ceiling);
    }
}
