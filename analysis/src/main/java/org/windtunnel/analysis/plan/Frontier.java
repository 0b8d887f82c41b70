package org.windtunnel.analysis.plan;

import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import org.hipparchus.optim.MaxEval;
import org.hipparchus.optim.nonlinear.scalar.GoalType;
import org.hipparchus.optim.univariate.BrentOptimizer;
import org.hipparchus.optim.univariate.SearchInterval;
import org.hipparchus.optim.univariate.UnivariateObjectiveFunction;
import org.hipparchus.optim.univariate.UnivariatePointValuePair;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.fit.Bootstrap;
import org.windtunnel.analysis.fit.FitFile;
import org.windtunnel.analysis.fit.TableFit;
import org.windtunnel.analysis.law.Law;

/**
 * The compute-optimal frontier of any law of N and D, or of C and M, with C = 6 N D: at every budget the split of least
 * loss, by Brent's method in ln N, with the intervals of the resampled parameters.
 */
public final class Frontier {
    private static final double MOST_COMPUTE = 1e45;
    private static final int EVALUATIONS = 200;
    private static final int BISECTIONS = 60;

    private final Law law;
    private final boolean sizes;
    private final double[] theta;
    private final Bootstrap bootstrap;
    private final double measured;

    /**
     * @param fit of a law of N and D or of C and M
     * @throws AnalysisException for another law
     */
    public Frontier(TableFit fit) {
        law = FitFile.law(fit).law();
        sizes = law.inputs().equals(List.of("N", "D"));
        if (!law.output().equals("loss") || !sizes && !law.inputs().equals(List.of("C", "M"))) {
            throw new AnalysisException("expected a law of the loss in N and D or in C and M to split a budget, found "
                    + fit.formula()
                    + ". Fit chinchilla, chinchilla-tied, kaplan, farseer or over-training.");
        }
        theta = fit.theta();
        bootstrap = FitFile.bootstrap(fit);
        measured = fit.compute();
    }

    /** A split. */
    private record Split(double n, double loss) {}

    private Split best(double[] parameters, double compute) {
        double low = 0.5 * Math.log(compute / 6 / Allocation.MOST_TOKENS_PER_PARAMETER);
        double high = 0.5 * Math.log(compute / 6 / Allocation.LEAST_TOKENS_PER_PARAMETER);
        double middle = 0.5 * Math.log(compute / 6 / 20);
        UnivariatePointValuePair best = new BrentOptimizer(1e-10, 1e-12)
                .optimize(
                        new MaxEval(EVALUATIONS),
                        new UnivariateObjectiveFunction(lnN -> value(parameters, compute, lnN)),
                        GoalType.MINIMIZE,
                        new SearchInterval(low, high, middle));
        return new Split(Math.exp(best.getPoint()), Math.exp(best.getValue()));
    }

    private double value(double[] parameters, double compute, double lnN) {
        double lnD = Math.log(compute / 6) - lnN;
        double[] x = sizes ? new double[] {lnN, lnD} : new double[] {Math.log(compute), lnD - lnN};
        return law.value(parameters, x);
    }

    /** Least loss at a budget for given parameters, nats. */
    public double loss(double[] parameters, double compute) {
        return best(parameters, compute).loss;
    }

    /** The best split of a budget, FLOP. */
    public Allocation ofCompute(double compute) {
        return allocation(t -> compute, compute);
    }

    /** The budget whose best split trains on so many tokens. */
    public Allocation ofTokens(double tokens) {
        ToDoubleFunction<double[]> budget =
                t -> bisect(c -> c / 6 / best(t, c).n - tokens);
        return allocation(budget, budget.applyAsDouble(theta));
    }

    /**
     * The least budget that reaches a loss, nats.
     *
     * @throws AnalysisException if the law never reaches it
     */
    public Allocation ofLoss(double loss) {
        ToDoubleFunction<double[]> budget = t -> bisect(c -> loss - loss(t, c));
        double compute = budget.applyAsDouble(theta);
        if (compute >= MOST_COMPUTE) {
            throw new AnalysisException("expected a loss that the law reaches, found " + loss + ": at " + MOST_COMPUTE
                    + " FLOP it is still " + loss(theta, MOST_COMPUTE) + ". Ask for a larger loss.");
        }
        return allocation(budget, compute);
    }

    /** Where an increasing function of a budget crosses zero; the largest budget if it does not. */
    private static double bisect(BudgetFunction rising) {
        double low = Math.log(1e3);
        double high = Math.log(MOST_COMPUTE);
        if (rising.at(MOST_COMPUTE) < 0) {
            return MOST_COMPUTE;
        }
        for (int i = 0; i < BISECTIONS; i++) {
            double middle = (low + high) / 2;
            if (rising.at(Math.exp(middle)) < 0) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return Math.exp((low + high) / 2);
    }

    private interface BudgetFunction {
        double at(double compute);
    }

    private Allocation allocation(ToDoubleFunction<double[]> budget, double compute) {
        Split split = best(theta, compute);
        double[][] resampled = Arrays.stream(bootstrap.thetas())
                .parallel()
                .map(t -> {
                    double c = budget.applyAsDouble(t);
                    Split s = best(t, c);
                    return new double[] {s.n, c / 6 / s.n, s.loss};
                })
                .toArray(double[][]::new);
        Bootstrap derived = Bootstrap.of(law, resampled, bootstrap.level());
        Bootstrap.Interval n = derived.interval(v -> v[0]);
        Bootstrap.Interval d = derived.interval(v -> v[1]);
        Bootstrap.Interval loss = derived.interval(v -> v[2]);
        return new Allocation(
                compute,
                split.n,
                n.lo(),
                n.hi(),
                compute / 6 / split.n,
                d.lo(),
                d.hi(),
                split.loss,
                loss.lo(),
                loss.hi(),
                compute / measured);
    }

    /** Resampled parameters of the law. */
    public double[][] resamples() {
        return bootstrap.thetas();
    }

    /** Parameters of the law. */
    public double[] parameters() {
        return theta;
    }

    /** Largest compute that was measured, FLOP. */
    public double measured() {
        return measured;
    }
}
