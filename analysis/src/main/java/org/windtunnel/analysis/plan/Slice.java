package org.windtunnel.analysis.plan;

/**
 * The fitted law along one variable, past the data, with its band; arrays of equal length.
 *
 * @param variable what varies: {@code N}, {@code D} or {@code C}
 * @param label what is held, such as {@code D = 2.1M}; empty for a law of one variable
 * @param fixed the held value; null for a law of one variable
 * @param x values of the variable, increasing
 * @param loss predicted, nats per token
 * @param lo lower end of the bootstrap band
 * @param hi upper end
 * @param measuredTo largest x with a measurement on this slice: beyond it the curve is an extrapolation
 */
public record Slice(
        String variable,
        String label,
        Double fixed,
        double[] x,
        double[] loss,
        double[] lo,
        double[] hi,
        double measuredTo) {}
