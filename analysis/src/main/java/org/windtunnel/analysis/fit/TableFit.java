package org.windtunnel.analysis.fit;

import java.util.List;
import java.util.Map;

/**
 * A law fitted to the rows of a table and everything needed to judge it and to predict with it.
 *
 * @param format version of this record as a file
 * @param law its name
 * @param formula of the law
 * @param inputs of the law
 * @param output what it predicts
 * @param held parameters that were given, not fitted, with their values
 * @param source where the rows come from, in words
 * @param notes how inputs were derived and what else is to be known
 * @param points rows fitted
 * @param clusters independent groups that were resampled: runs, or rows
 * @param scale what residuals are differences of
 * @param delta of the Huber loss; 0 for least absolute deviations, infinite for least squares
 * @param objective minimum of the summed loss
 * @param converged whether the minimiser met its criterion
 * @param parameters in the formula's order, natural units
 * @param exponent a in N* ~ C^a with bootstrap interval and delta-method error; null unless the law has one power of N
 *     and one of D
 * @param optima distinct minima, best first
 * @param errors on the fitted rows
 * @param holdOuts what the law fitted to the smaller rows says of the largest, by each way of splitting them that leaves
 *     enough; empty where none does
 * @param profiles of every parameter
 * @param weaknesses what the data cannot tell, with remedies
 * @param measured least and greatest value of each input
 * @param compute largest 6 N D of a row, or largest C, FLOP; NaN for a law of neither
 * @param rows inputs by row, in the law's order and natural units
 * @param outputs by row
 * @param theta internal coordinates
 * @param resamples internal coordinates by resample
 * @param level coverage of the intervals
 */
public record TableFit(
        int format,
        String law,
        String formula,
        List<String> inputs,
        String output,
        Map<String, Double> held,
        String source,
        List<String> notes,
        int points,
        int clusters,
        String scale,
        double delta,
        double objective,
        boolean converged,
        List<ParameterEstimate> parameters,
        ParameterEstimate exponent,
        List<Minimum> optima,
        FitErrors errors,
        List<Prediction> holdOuts,
        List<Profile> profiles,
        List<Weakness> weaknesses,
        double[][] measured,
        double compute,
        double[][] rows,
        double[] outputs,
        double[] theta,
        double[][] resamples,
        double level) {
    /** Version of the file. */
    public static final int FORMAT = 2;

    /**
     * A distinct minimum.
     *
     * @param objective its value
     * @param values parameters in the formula's order
     * @param starts how many of the optimised starts ended there
     */
    public record Minimum(double objective, double[] values, int starts) {}

    /**
     * Prediction of rows that were not fitted.
     *
     * @param rule which rows
     * @param trained rows fitted
     * @param errors of the law
     * @param baselines what needs no such law
     * @param held numbers of the rows that were predicted
     * @param predicted their outputs
     */
    public record Prediction(
            String rule, int trained, FitErrors errors, List<Baseline> baselines, int[] held, double[] predicted) {

        /** The least mean error of a baseline; infinite without any. */
        public double bestBaseline() {
            return baselines.stream().mapToDouble(b -> b.errors().are()).min().orElse(Double.POSITIVE_INFINITY);
        }
    }

    /**
     * A simpler prediction of the same rows.
     *
     * @param name in words
     * @param errors of it
     */
    public record Baseline(String name, FitErrors errors) {}

    /**
     * The objective minimised over all other parameters.
     *
     * @param parameter its name
     * @param values on a grid, natural unit
     * @param objective by value
     */
    public record Profile(String parameter, double[] values, double[] objective) {}
}
