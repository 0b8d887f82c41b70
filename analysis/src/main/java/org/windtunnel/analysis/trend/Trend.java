package org.windtunnel.analysis.trend;

import java.util.List;

/**
 * A diagnostic at the end of training over the size of the model, for one group of runs.
 *
 * @param label short name of the group
 * @param points by increasing size
 * @param slope of log value against log size, mean over the seeds' own slopes; null with one size
 * @param margin half-width of its 95 % interval from the spread over seeds (Student's t); null with one seed
 */
public record Trend(String label, List<Point> points, Double slope, Double margin) {

    /**
     * One size.
     *
     * @param value geometric mean over what was measured and over seeds
     * @param runs seeds behind it
     */
    public record Point(double size, double value, int runs) {}
}
