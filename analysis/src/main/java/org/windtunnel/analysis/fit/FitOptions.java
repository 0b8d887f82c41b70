package org.windtunnel.analysis.fit;

/**
 * How a law is fitted.
 *
 * @param huberDelta half-width of the robust loss's quadratic zone in log-loss units: 1e-3 after Hoffmann et al.,
 *     {@link #LEAST_SQUARES} or {@link #LEAST_ABSOLUTE} for its limits
 * @param bootstrap resamples; 0 for no intervals
 * @param seed of the resampling: same seed, same intervals
 * @param level coverage of the percentile intervals
 */
public record FitOptions(double huberDelta, int bootstrap, long seed, double level) {
    /** Delta of ordinary least squares in log loss. */
    public static final double LEAST_SQUARES = Double.POSITIVE_INFINITY;
    /** Delta of least absolute deviations in log loss. */
    public static final double LEAST_ABSOLUTE = 0;

    /** Delta 1e-3, 1000 resamples, 95 %. */
    public static FitOptions defaults() {
        return new FitOptions(1e-3, 1000, 1, 0.95);
    }
}
