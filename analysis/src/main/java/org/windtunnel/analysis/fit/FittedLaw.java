package org.windtunnel.analysis.fit;

import java.util.List;
import org.windtunnel.analysis.law.Law;

/**
 * A law at its best parameters.
 *
 * @param law the form
 * @param theta internal coordinates
 * @param objective minimum: the summed Huber loss, or the summed absolute log residual for least absolute deviations
 * @param gradient largest component of the projected gradient of the minimised function
 * @param converged whether the minimiser met its criterion
 * @param optima distinct minima that starts ended in, best first
 */
public record FittedLaw(
        Law law, double[] theta, double objective, double gradient, boolean converged, List<Optimum> optima) {

    /**
     * A distinct minimum.
     *
     * @param theta internal coordinates
     * @param objective its value
     * @param starts how many of the optimised starts ended there
     */
    public record Optimum(double[] theta, double objective, int starts) {}

    /** Predicted loss for inputs in their natural unit. */
    public double predict(double... inputs) {
        return predict(law, theta, inputs);
    }

    /** Predicted loss at other coordinates, such as a resample's. */
    public static double predict(Law law, double[] theta, double... inputs) {
        return Math.exp(law.value(theta, law.encode(inputs)));
    }

    /** Parameters in the formula's order and natural unit. */
    public double[] parameters() {
        return law.parameters().stream().mapToDouble(p -> p.natural(theta)).toArray();
    }

    /** A parameter by name. */
    public double parameter(String name) {
        return law.parameters().stream()
                .filter(p -> p.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no parameter " + name + " in " + law.formula()))
                .natural(theta);
    }
}
