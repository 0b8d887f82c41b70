package org.windtunnel.verify;

import java.util.Arrays;
import java.util.Locale;

/**
 * How far a computed tensor may be from the expected one.
 *
 * @param relative factor on the expected magnitude
 * @param absolute added to that
 * @param ofLargest whether the magnitude is the largest of the tensor, or each element's own
 */
record Tolerance(double relative, double absolute, boolean ofLargest) {

    /** Every element within {@code relative} of the tensor's largest magnitude. */
    static Tolerance ofLargest(double relative) {
        return new Tolerance(relative, 0, true);
    }

    /** Every element within {@code relative} of its own magnitude plus {@code absolute}. */
    static Tolerance elementwise(double relative, double absolute) {
        return new Tolerance(relative, absolute, false);
    }

    /** Compares; anything that is not a number fails. */
    Check check(String caseName, String quantity, double[] actual, double[] expected) {
        if (!ofLargest) {
            return new Deviation(relative, absolute).add(actual, expected).check(caseName, quantity);
        }
        double largest = Arrays.stream(expected).map(Math::abs).max().orElse(0);
        Check check = new Deviation(0, relative * largest).add(actual, expected).check(caseName, quantity);
        String tolerance = String.format(Locale.ROOT, "rel %.0e of largest", relative);
        return new Check(caseName, quantity, check.maxAbs(), check.maxRel(), tolerance, check.passed());
    }
}
