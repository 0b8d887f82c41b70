package org.windtunnel.coord;

import java.util.List;
import org.windtunnel.config.ConfigException;

/**
 * The protocol of a coordinate check.
 *
 * @param widths at least two, ascending; four powers of two are usual
 * @param seeds initialisations averaged over, all on the same batch
 * @param steps forward passes looked at; the first is before any update
 * @param threshold largest |slope| of log2(size) over log2(width) that counts as flat
 */
public record CoordCheckOptions(List<Integer> widths, int seeds, int steps, double threshold) {
    /** Threshold for muP: between its slopes and those of SP under Adam there is a wide gap. */
    public static final double THRESHOLD = 0.2;

    /** @throws ConfigException if no slope could come of it */
    public CoordCheckOptions {
        widths = List.copyOf(widths);
        if (widths.size() < 2 || !widths.stream().distinct().sorted().toList().equals(widths)) {
            throw new ConfigException("coord-check: expected at least two ascending widths, found " + widths);
        }
        if (seeds < 1 || steps < 2 || !(threshold > 0)) {
            throw new ConfigException(
                    "coord-check: expected at least 1 seed, at least 2 steps and a threshold above 0, found " + seeds
                            + ", " + steps + " and " + threshold);
        }
    }

    /** Four widths from {@code smallest} on, each twice the one before. */
    public static List<Integer> doublings(int smallest) {
        return List.of(smallest, 2 * smallest, 4 * smallest, 8 * smallest);
    }
}
