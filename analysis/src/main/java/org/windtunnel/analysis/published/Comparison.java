package org.windtunnel.analysis.published;

/**
 * One number of a published fit against ours.
 *
 * @param fit which fit
 * @param quantity which number of it
 * @param expected published or independently reproduced
 * @param obtained here
 * @param tolerance largest difference, absolute
 */
public record Comparison(String fit, String quantity, double expected, double obtained, double tolerance) {

    /** Whether the difference is within the tolerance. */
    public boolean passed() {
        return Math.abs(obtained - expected) <= tolerance;
    }
}
