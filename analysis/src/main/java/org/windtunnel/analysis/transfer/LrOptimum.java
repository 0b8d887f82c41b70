package org.windtunnel.analysis.transfer;

/**
 * Where the loss is least along the learning rate.
 *
 * @param lr the optimum: a parabola's vertex, or the best rate of the grid when no parabola holds
 * @param lo lower end of the 95 % interval; null when the grid gives no lower bound (best rate is its lowest)
 * @param hi upper end of the 95 % interval; null when the grid gives no upper bound
 * @param loss loss at the optimum, nats per token (fitted for a parabola, measured otherwise)
 * @param bestLr best measured rate
 * @param bestLoss loss measured there
 * @param method how {@code lr} was found
 * @param edge whether the best rate is the lowest or highest of the grid
 * @param parabola the fitted curve when {@code method} is {@code PARABOLA}, else null
 * @param interval one phrase: where the interval comes from
 * @param note one sentence when something is to be known (edge, rejection), else null
 */
public record LrOptimum(
        double lr,
        Double lo,
        Double hi,
        double loss,
        double bestLr,
        double bestLoss,
        Method method,
        Edge edge,
        Parabola parabola,
        String interval,
        String note) {

    /** How the optimum was found. */
    public enum Method {
        PARABOLA,
        GRID
    }

    /** Position of the best measured rate in its grid. */
    public enum Edge {
        NONE,
        LOWEST,
        HIGHEST
    }

    /**
     * loss = c0 + c1 x + c2 x² with x = ln lr − centre.
     *
     * @param centre mean of ln lr over the fitted points
     * @param fromLr lowest rate that was fitted
     * @param toLr highest rate that was fitted
     */
    public record Parabola(double centre, double c0, double c1, double c2, double fromLr, double toLr) {

        /** Fitted loss at a rate. */
        public double at(double lr) {
            double x = Math.log(lr) - centre;
            return c0 + x * (c1 + x * c2);
        }
    }

    /** Standard error of log2 lr implied by the interval (half its width over 1.96); NaN when an end is open. */
    public double octaveError() {
        return lo == null || hi == null ? Double.NaN : Math.log(hi / lo) / Math.log(2) / (2 * 1.96);
    }
}
