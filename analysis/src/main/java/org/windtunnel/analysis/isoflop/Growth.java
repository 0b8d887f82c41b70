package org.windtunnel.analysis.isoflop;

import java.util.Arrays;
import java.util.List;
import org.windtunnel.analysis.law.Lines;

/**
 * size = coefficient C^exponent through minima, by least squares of the logarithms.
 *
 * @param exponent a in N* ~ C^a
 * @param error standard error of the exponent from the scatter around the line; NaN with fewer than three minima
 * @param coefficient G
 * @param points how many minima
 */
public record Growth(double exponent, double error, double coefficient, int points) {

    /** The line through ln size against ln C; at least two budgets. */
    public static Growth of(List<IsoFlop.Minimum> minima) {
        double[] x = minima.stream().mapToDouble(m -> Math.log(m.compute())).toArray();
        double[] line = Lines.fit(x, minima.stream().mapToDouble(m -> Math.log(m.size())).toArray());
        double mean = Arrays.stream(x).average().orElseThrow();
        double spread = Arrays.stream(x).map(v -> (v - mean) * (v - mean)).sum();
        double error = x.length > 2 ? Math.sqrt(line[2] / (x.length - 2) / spread) : Double.NaN;
        return new Growth(line[1], error, Math.exp(line[0]), minima.size());
    }

    /** Size at a budget, FLOP. */
    public double size(double compute) {
        return coefficient * Math.pow(compute, exponent);
    }
}
