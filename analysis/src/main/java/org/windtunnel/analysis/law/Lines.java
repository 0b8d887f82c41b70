package org.windtunnel.analysis.law;

import java.util.Arrays;

/** Least-squares straight lines. */
public final class Lines {
    private Lines() {}

    /** Intercept, slope and residual sum of squares of y against x, at least one point; slope 0 when x does not vary. */
    public static double[] fit(double[] x, double[] y) {
        double mx = Arrays.stream(x).average().orElseThrow();
        double my = Arrays.stream(y).average().orElseThrow();
        double xx = 0;
        double xy = 0;
        double yy = 0;
        for (int i = 0; i < x.length; i++) {
            xx += (x[i] - mx) * (x[i] - mx);
            xy += (x[i] - mx) * (y[i] - my);
            yy += (y[i] - my) * (y[i] - my);
        }
        double slope = xx > 0 ? xy / xx : 0;
        return new double[] {my - slope * mx, slope, Math.max(0, yy - slope * xy)};
    }
}
