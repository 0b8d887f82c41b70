package org.windtunnel.analysis.fit;

import java.util.List;

/**
 * The law fitted without the largest runs, and what it says about them.
 *
 * @param rule what was held out, in words
 * @param trained points fitted
 * @param points the held-out points
 * @param errors of the law on them
 * @param lastLoss errors of the first baseline: the loss of the largest training model at the nearest token budget
 * @param computeLaw errors of the second baseline: L = E + A C^-alpha fitted to the same training points; null when
 *     there were too few of them
 * @param sentence the outcome in words
 */
public record HoldOut(
        String rule,
        int trained,
        List<Point> points,
        FitErrors errors,
        FitErrors lastLoss,
        FitErrors computeLaw,
        String sentence) {

    /**
     * One held-out point.
     *
     * @param n parameters
     * @param d training tokens
     * @param loss measured, nats per token
     * @param predicted by the law fitted without it
     * @param lo lower end of the prediction's bootstrap interval
     * @param hi upper end
     */
    public record Point(double n, double d, double loss, double predicted, double lo, double hi) {}
}
