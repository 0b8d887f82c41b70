package org.windtunnel.coord;

/**
 * One module's output over widths and steps, averaged over seeds. First index: step from 0, the forward pass before any
 * update; second: width.
 *
 * @param module as {@link org.windtunnel.nn.Probe} names it
 * @param output whether its size does not grow with the width: the logits
 * @param l1 mean |y|
 * @param delta mean |y_t - y_1|, 0 at step 0
 * @param effective mean |ΔW_t x_t|, what the module's own update did to its output; null unless it is one matrix product
 * @param propagated mean |W_1 Δx_t|, what the updates before it did; null where {@code effective} is
 */
public record CoordCurve(
        String module, boolean output, double[][] l1, double[][] delta, double[][] effective, double[][] propagated) {

    /**
     * Least-squares slope of log2(value) over log2(width); NaN where no logarithm exists, which is zero at some width. All
     * zeros (a readout that starts at zero) have no slope either, and need none.
     */
    public static double slope(double[] widths, double[] values) {
        int n = widths.length;
        double meanX = 0;
        double meanY = 0;
        for (int i = 0; i < n; i++) {
            meanX += Math.log(widths[i]) / n;
            meanY += Math.log(values[i]) / n;
        }
        double xx = 0;
        double xy = 0;
        for (int i = 0; i < n; i++) {
            double dx = Math.log(widths[i]) - meanX;
            xx += dx * dx;
            xy += dx * (Math.log(values[i]) - meanY);
        }
        return Double.isFinite(xy) ? xy / xx : Double.NaN;
    }

    /** Whether nothing is there at any width. */
    static boolean isZero(double[] values) {
        for (double v : values) {
            if (v != 0) {
                return false;
            }
        }
        return true;
    }
}
