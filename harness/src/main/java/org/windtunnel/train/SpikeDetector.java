package org.windtunnel.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Arrays;

/**
 * Tells a spike from the noise of a series by its distance from the running median, in standard deviations estimated from
 * the median absolute deviation: neither is moved by the spikes of the past. Allocates nothing after construction.
 */
final class SpikeDetector {
    /** Standard deviation of a normal distribution over its median absolute deviation. */
    private static final double NORMAL = 1.4826;

    /** A series that has hardly moved is allowed this much, relative to its median. */
    private static final double MIN_SPREAD = 1e-3;

    private final String name;
    private final double sigmas;
    private final double[] window;
    private final double[] sorted;
    private int next;
    private int count;
    private double median;
    private double spread;

    /** @param name of the series, for messages and for the saved state */
    SpikeDetector(String name, double sigmas, int window) {
        this.name = name;
        this.sigmas = sigmas;
        this.window = new double[window];
        this.sorted = new double[window];
    }

    /** Whether {@code value} lies too far above the window; never before the window is half full. */
    boolean isSpike(double value) {
        if (count < (window.length + 1) / 2) {
            return false;
        }
        System.arraycopy(window, 0, sorted, 0, count);
        median = sortedMedian();
        for (int i = 0; i < count; i++) {
            sorted[i] = Math.abs(window[i] - median);
        }
        spread = Math.max(NORMAL * sortedMedian(), MIN_SPREAD * Math.abs(median));
        return value > median + sigmas * spread;
    }

    private double sortedMedian() {
        Arrays.sort(sorted, 0, count);
        return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
    }

    /** Takes a finite value into the window, the oldest one out. */
    void add(double value) {
        window[next] = value;
        next = (next + 1) % window.length;
        count = Math.min(count + 1, window.length);
    }

    /** What the last {@link #isSpike} found, for a person. */
    String describe(double value) {
        return String.format("the %s %.4g is %.3g standard deviations above the median %.4g of the last %d steps", name,
                value, (value - median) / spread, median, count);
    }

    void save(ObjectNode into) {
        ArrayNode values = into.putArray(name);
        for (int i = 0; i < count; i++) {
            values.add(window[(next - count + i + window.length) % window.length]);
        }
    }

    void restore(ObjectNode from) {
        next = 0;
        count = 0;
        for (JsonNode value : from.path(name)) {
            add(value.asDouble());
        }
    }
}
