package org.windtunnel.analysis.annealing;

import java.util.ArrayList;
import java.util.List;
import org.windtunnel.analysis.fit.FittedLaw;
import org.windtunnel.analysis.fit.LawFitter;
import org.windtunnel.analysis.law.LearningRateTrace;
import org.windtunnel.analysis.law.LossData;

/**
 * The multi-power law with parameters. Seven of them on a few curves trade off: compare predictions, not parameters.
 *
 * @param parameters L0, A, alpha, B, C, beta, gamma
 * @param objective summed Huber loss of the fit; NaN for given parameters
 */
public record MultiPowerFit(double[] parameters, double objective) implements CurveLaw {
    private static final int ITERATIONS = 60;

    /** Given parameters, such as published ones: L0, A, alpha, B, C, beta, gamma. */
    public static MultiPowerFit of(double... parameters) {
        return new MultiPowerFit(parameters, Double.NaN);
    }

    /** Fits curves; seconds to minutes, as every point sums over the steps before it. */
    public static MultiPowerFit fit(List<ScheduledCurve> curves, double delta) {
        MultiPowerLaw law = law(curves);
        LossData data = data(law, curves);
        FittedLaw fitted = LawFitter.fitFrom(law, data, delta, law.starts(data), ITERATIONS);
        return new MultiPowerFit(fitted.parameters(), fitted.objective());
    }

    /** Minimises on from these parameters for some steps. */
    public MultiPowerFit polish(List<ScheduledCurve> curves, double delta, int iterations) {
        MultiPowerLaw law = law(curves);
        FittedLaw fitted = LawFitter.fitFrom(
                law, data(law, curves), delta, List.of(MultiPowerLaw.coordinates(parameters)), iterations);
        return new MultiPowerFit(fitted.parameters(), fitted.objective());
    }

    /** The summed Huber loss of these parameters on some curves. */
    public double objective(List<ScheduledCurve> curves, double delta) {
        MultiPowerLaw law = law(curves);
        return LawFitter.objective(law, data(law, curves), delta, MultiPowerLaw.coordinates(parameters));
    }

    private static MultiPowerLaw law(List<ScheduledCurve> curves) {
        return new MultiPowerLaw(curves.stream().map(ScheduledCurve::trace).toList());
    }

    private static LossData data(MultiPowerLaw law, List<ScheduledCurve> curves) {
        List<double[]> points = new ArrayList<>();
        List<Double> losses = new ArrayList<>();
        for (int c = 0; c < curves.size(); c++) {
            for (int i = 0; i < curves.get(c).size(); i++) {
                points.add(new double[] {c, curves.get(c).steps()[i]});
                losses.add(curves.get(c).losses()[i]);
            }
        }
        return LossData.of(law, points.toArray(double[][]::new), losses.stream().mapToDouble(d -> d).toArray());
    }

    @Override
    public double[] predict(LearningRateTrace trace, int[] steps) {
        MultiPowerLaw law = new MultiPowerLaw(List.of(trace));
        double[] theta = MultiPowerLaw.coordinates(parameters);
        double[] losses = new double[steps.length];
        for (int i = 0; i < steps.length; i++) {
            losses[i] = Math.exp(law.value(theta, new double[] {0, steps[i]}));
        }
        return losses;
    }
}
