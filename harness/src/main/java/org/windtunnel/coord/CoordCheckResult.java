package org.windtunnel.coord;

import java.util.ArrayList;
import java.util.List;

/**
 * What a check found, and how its slopes are judged.
 *
 * <p>A hidden module passes if its size at every step, and its change at every step after the first, is flat. Logits of a
 * random readout start out falling as width^-1/2, and what reaches them through that readout does so too until their own
 * update outweighs it: after the first step they must not rise, and not fall any faster. What is zero at every width is
 * flat.
 *
 * <p>With a fixed number of heads, queries and keys of the first block learn slower at larger width for the first few steps
 * of SGD, until values and output projections are aligned; a fixed head_dim has no such transient.
 *
 * @param curves by module in the order of the forward pass
 */
public record CoordCheckResult(CoordCheckOptions options, List<CoordCurve> curves) {
    public CoordCheckResult {
        curves = List.copyOf(curves);
    }

    /** Widths as numbers to compute with. */
    public double[] widths() {
        return options.widths().stream().mapToDouble(Integer::doubleValue).toArray();
    }

    /** Slope of the size at a step from 0; NaN if there is none. */
    public double l1Slope(CoordCurve curve, int step) {
        return CoordCurve.slope(widths(), curve.l1()[step]);
    }

    /** Slope of the change since the first pass at a step from 1; NaN if there is none. */
    public double deltaSlope(CoordCurve curve, int step) {
        return CoordCurve.slope(widths(), curve.delta()[step]);
    }

    /** Whether the size at a step from 0 is judged flat. */
    public boolean isL1Flat(CoordCurve curve, int step) {
        return curve.output() && step == 0 || isFlat(curve.l1()[step], curve.output());
    }

    /** Whether the change at a step from 1 is judged flat. */
    public boolean isDeltaFlat(CoordCurve curve, int step) {
        return isFlat(curve.delta()[step], curve.output());
    }

    private boolean isFlat(double[] values, boolean output) {
        double slope = CoordCurve.slope(widths(), values);
        double steepest = output ? -0.5 - options.threshold() : -options.threshold();
        return CoordCurve.isZero(values) || slope >= steepest && slope <= options.threshold();
    }

    /** Every reason why a module does not pass, such as {@code delta t3 +0.41}; empty if it does. */
    public List<String> failures(CoordCurve curve) {
        List<String> failures = new ArrayList<>();
        for (int t = 0; t < options.steps(); t++) {
            if (!isL1Flat(curve, t)) {
                failures.add(describe("l1", t, l1Slope(curve, t)));
            }
            if (t > 0 && !isDeltaFlat(curve, t)) {
                failures.add(describe("delta", t, deltaSlope(curve, t)));
            }
        }
        return failures;
    }

    private static String describe(String what, int step, double slope) {
        return Double.isNaN(slope)
                ? String.format("%s t%d is zero at some widths only", what, step + 1)
                : String.format("%s t%d %+.2f", what, step + 1, slope);
    }

    /** Whether every module passes. */
    public boolean passed() {
        return curves.stream().allMatch(curve -> failures(curve).isEmpty());
    }
}
