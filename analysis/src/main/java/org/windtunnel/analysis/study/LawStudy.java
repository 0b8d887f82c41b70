package org.windtunnel.analysis.study;

import java.util.List;
import org.windtunnel.analysis.fit.FitErrors;
import org.windtunnel.analysis.fit.HoldOut;
import org.windtunnel.analysis.fit.ParameterEstimate;
import org.windtunnel.analysis.fit.TableFit;
import org.windtunnel.analysis.plan.Allocation;
import org.windtunnel.analysis.plan.Slice;

/**
 * The fitted law and everything needed to judge it.
 *
 * @param law name, such as {@code chinchilla}
 * @param formula such as {@code L(N, D) = E + A N^-alpha + B D^-beta}
 * @param inputs of the law, in its order
 * @param output what it predicts: {@code loss}, or what a column is named
 * @param filter which runs entered, in words
 * @param parameters in the formula's order
 * @param points what was fitted: one a cell of (N, D), at its best learning rate, averaged over seeds
 * @param objective minimum of the summed robust loss
 * @param gradient largest component of the (projected) gradient there
 * @param converged whether the minimiser met its criterion
 * @param optima other minima that the starts ended in, best first, this one included
 * @param errors of the fit on its own points
 * @param holdOut null when not asked for or impossible; the warnings say why
 * @param holdOuts the same for further ways of splitting the points, with their baselines
 * @param bootstrap resamples behind the intervals
 * @param level coverage of the intervals
 * @param slices predictions with bands for drawing
 * @param allocations compute-optimal splits within and beyond the data; empty unless the law has N and D
 * @param profiles of the objective over each parameter
 * @param resamples parameters by resample, in the formula's order and natural units
 * @param optimalExponent a in N* ~ C^a with its interval; null unless the law has N and D
 */
public record LawStudy(
        String law,
        String formula,
        List<String> inputs,
        String output,
        String filter,
        List<ParameterEstimate> parameters,
        List<Point> points,
        double objective,
        double gradient,
        boolean converged,
        List<Optimum> optima,
        FitErrors errors,
        HoldOut holdOut,
        List<TableFit.Prediction> holdOuts,
        int bootstrap,
        double level,
        List<Slice> slices,
        List<Allocation> allocations,
        List<TableFit.Profile> profiles,
        double[][] resamples,
        ParameterEstimate optimalExponent) {

    /**
     * One fitted point.
     *
     * @param inputs of the law, in its order
     * @param n parameters; NaN where that is no input or unknown
     * @param d training tokens; NaN likewise
     * @param compute FLOP; NaN likewise
     * @param loss measured: the law's output, nats per token for most
     * @param predicted by the law
     * @param logResidual ln predicted − ln measured
     * @param heldOut whether the hold-out left it out
     * @param lr learning rate of the runs behind it, null if unknown
     * @param runIds the runs behind it
     */
    public record Point(
            double[] inputs,
            double n,
            double d,
            double compute,
            double loss,
            double predicted,
            double logResidual,
            boolean heldOut,
            Double lr,
            List<String> runIds) {}

    /** Whether the law predicts a loss in nats per token. */
    public boolean ofLoss() {
        return output.equals("loss");
    }

    /**
     * A distinct minimum of the objective.
     *
     * @param objective its value
     * @param values parameters in the formula's order
     * @param starts how many of the optimised starts ended there
     */
    public record Optimum(double objective, double[] values, int starts) {}
}
