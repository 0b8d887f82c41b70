package org.windtunnel.verify;

import java.util.Locale;

/**
 * Collects the deviations of one quantity, over as many arrays as are added.
 *
 * <p>An element is within tolerance if |actual - expected| ≤ atol + rtol · |expected|; not-a-number never is.
 */
public final class Deviation {
    private final double rtol;
    private final double atol;
    private double maxAbs;
    private double largestExpected;
    private boolean passed = true;

    public Deviation(double rtol, double atol) {
        this.rtol = rtol;
        this.atol = atol;
    }

    /** Compares element by element; arrays of different length fail. Returns this. */
    public Deviation add(double[] actual, double[] expected) {
        if (actual.length != expected.length) {
            passed = false;
            maxAbs = Double.POSITIVE_INFINITY;
        }
        for (int i = 0; i < Math.min(actual.length, expected.length); i++) {
            add(actual[i], expected[i]);
        }
        return this;
    }

    /** Compares one number. Returns this. */
    public Deviation add(double actual, double expected) {
        double difference = actual == expected ? 0 : Math.abs(actual - expected);
        passed &= difference <= atol + rtol * Math.abs(expected);
        maxAbs = Double.isNaN(difference) ? Double.POSITIVE_INFINITY : Math.max(maxAbs, difference);
        largestExpected = Math.max(largestExpected, Math.abs(expected));
        return this;
    }

    /** The result so far. */
    public Check check(String caseName, String quantity) {
        double relative = maxAbs == 0 ? 0 : maxAbs / largestExpected;
        return new Check(caseName, quantity, maxAbs, relative, tolerance(), passed);
    }

    private String tolerance() {
        return atol == 0
                ? String.format(Locale.ROOT, "rel %.0e", rtol)
                : String.format(Locale.ROOT, "rel %.0e + %.0e", rtol, atol);
    }
}
