package org.windtunnel.analysis.annealing;

import java.util.List;
import org.hipparchus.optim.MaxEval;
import org.hipparchus.optim.nonlinear.scalar.GoalType;
import org.hipparchus.optim.univariate.BrentOptimizer;
import org.hipparchus.optim.univariate.SearchInterval;
import org.hipparchus.optim.univariate.UnivariateObjectiveFunction;
import org.windtunnel.analysis.fit.FittedLaw;
import org.windtunnel.analysis.fit.LawFitter;
import org.windtunnel.analysis.law.Annealing;
import org.windtunnel.analysis.law.LearningRateTrace;
import org.windtunnel.analysis.law.LossData;

/**
 * L(s) = L0 + A S1^-alpha - C S2 with its momentum lambda.
 *
 * @param fitted the law in S1 and S2
 * @param lambda decay of the annealing momentum
 */
public record AnnealingFit(FittedLaw fitted, double lambda) implements CurveLaw {
    private static final double FASTEST = 0.9;
    private static final double SLOWEST = 0.99999;
    private static final int EVALUATIONS = 60;

    /** Fits the curves for a given lambda; 0.999 is usual. */
    public static AnnealingFit of(List<ScheduledCurve> curves, double lambda, double delta) {
        return new AnnealingFit(LawFitter.fit(Annealing.ofOneModel(), data(curves, lambda), delta), lambda);
    }

    /** Fits the curves with the lambda of the least objective, by Brent's method in ln(1 - lambda). */
    public static AnnealingFit search(List<ScheduledCurve> curves, double delta) {
        double[] start = of(curves, 0.999, delta).fitted.theta();
        var best = new BrentOptimizer(1e-8, 1e-10)
                .optimize(
                        new MaxEval(EVALUATIONS),
                        new UnivariateObjectiveFunction(v -> refit(curves, 1 - Math.exp(v), delta, start).objective()),
                        GoalType.MINIMIZE,
                        new SearchInterval(Math.log(1 - SLOWEST), Math.log(1 - FASTEST), Math.log(1e-3)));
        return of(curves, 1 - Math.exp(best.getPoint()), delta);
    }

    private static FittedLaw refit(List<ScheduledCurve> curves, double lambda, double delta, double[] start) {
        return LawFitter.fitFrom(Annealing.ofOneModel(), data(curves, lambda), delta, List.of(start));
    }

    private static LossData data(List<ScheduledCurve> curves, double lambda) {
        int points = curves.stream().mapToInt(ScheduledCurve::size).sum();
        double[][] areas = new double[points][];
        double[] losses = new double[points];
        int i = 0;
        for (ScheduledCurve curve : curves) {
            double[] s2 = curve.trace().annealing(lambda);
            for (int k = 0; k < curve.size(); k++, i++) {
                int step = curve.steps()[k];
                areas[i] = new double[] {curve.trace().area(step), s2[step]};
                losses[i] = curve.losses()[k];
            }
        }
        return LossData.of(Annealing.ofOneModel(), areas, losses);
    }

    @Override
    public double[] predict(LearningRateTrace trace, int[] steps) {
        double[] s2 = trace.annealing(lambda);
        double[] losses = new double[steps.length];
        for (int i = 0; i < steps.length; i++) {
            losses[i] = fitted.predict(trace.area(steps[i]), s2[steps[i]]);
        }
        return losses;
    }
}
