package org.windtunnel.analysis.fit;

/**
 * One parameter of a fitted law in its natural unit.
 *
 * @param name as in the formula, such as {@code alpha}
 * @param value best fit
 * @param lo lower end of the bootstrap percentile interval
 * @param hi upper end
 * @param se bootstrap standard error (ddof 1)
 * @param sandwichSe standard error from the sandwich covariance; null where it is singular
 * @param identified whether the data pin it down; the study's warnings say why not
 */
public record ParameterEstimate(
        String name, double value, double lo, double hi, double se, Double sandwichSe, boolean identified) {}
