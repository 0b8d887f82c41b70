package org.windtunnel.analysis.isoflop;

import java.util.List;
import org.windtunnel.analysis.law.Lines;

/**
 * size = coefficient C^exponent through minima, by least squares of the logarithms.
 *
 * @param exponent a in N* ~ C^a
 * @param coefficient G
 * @param points how many minima
 */
public record Growth(double exponent, double coefficient, int points) {

    /** The line through ln size against ln C; at least two budgets. */
    public static Growth of(List<IsoFlop.Minimum> minima) {
        double[] line = Lines.fit(
                minima.stream().mapToDouble(m -> Math.log(m.compute())).toArray(),
                minima.stream().mapToDouble(m -> Math.log(m.size())).toArray());
        return new Growth(line[1], Math.exp(line[0]), minima.size());
    }

    /** Size at a budget, FLOP. */
    public double size(double compute) {
        return coefficient * Math.pow(compute, exponent);
    }
}
