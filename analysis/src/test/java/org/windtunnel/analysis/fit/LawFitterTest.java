package org.windtunnel.analysis.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.DoubleBinaryOperator;
import org.assertj.core.data.Percentage;
import org.ddogleg.optimization.FactoryOptimization;
import org.ddogleg.optimization.UnconstrainedMinimization;
import org.ddogleg.optimization.UtilOptimize;
import org.ddogleg.optimization.functions.FunctionNtoN;
import org.ddogleg.optimization.functions.FunctionNtoS;
import org.junit.jupiter.api.Test;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.law.Jet;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.law.LossData;
import org.windtunnel.analysis.law.PowerSum;

class LawFitterTest {
    private static final Law CHINCHILLA = PowerSum.chinchilla();
    /** In the formula's order: E, A, B, alpha, beta. */
    private static final double[] TRUTH = {1.8, 200, 500, 0.45, 0.4};

    private static double truth(double n, double d) {
        return TRUTH[0] + TRUTH[1] * Math.pow(n, -TRUTH[3]) + TRUTH[2] * Math.pow(d, -TRUTH[4]);
    }

    /** A grid of sizes and budgets spanning three decades each, with log-normal noise. */
    static List<LossPoint> grid(int sizes, int budgets, DoubleBinaryOperator loss, double noise, long seed) {
        Random random = new Random(seed);
        List<LossPoint> points = new ArrayList<>();
        for (int i = 0; i < sizes; i++) {
            for (int j = 0; j < budgets; j++) {
                double n = 1e5 * Math.pow(1000, i / (sizes - 1.0));
                double d = 1e6 * Math.pow(3000, j / (budgets - 1.0));
                points.add(new LossPoint(
                        n, d, 6 * n * d, loss.applyAsDouble(n, d) * Math.exp(noise * random.nextGaussian())));
            }
        }
        return points;
    }

    private static FittedLaw fit(Law law, List<LossPoint> points, double delta) {
        return LawFitter.fit(law, LossPoint.data(law, points), delta);
    }

    @Test
    void derivativesAgreeWithFiniteDifferences() {
        Random random = new Random(5);
        for (Law law : List.of(CHINCHILLA, PowerSum.powerLaw("N", true), PowerSum.powerLaw("C", false))) {
            int p = law.dimension();
            for (int trial = 0; trial < 20; trial++) {
                double[] theta = random.doubles(p, 0.1, 3).toArray();
                double[] x = random.doubles(law.inputs().size(), 0.5, 4).toArray();
                Jet jet = new Jet(p);
                Jet up = new Jet(p);
                Jet down = new Jet(p);
                assertThat(law.evaluate(theta, x, jet)).isEqualTo(law.value(theta, x), within(1e-14));
                for (int i = 0; i < p; i++) {
                    double at = theta[i];
                    theta[i] = at + 1e-5;
                    double high = law.evaluate(theta, x, up);
                    theta[i] = at - 1e-5;
                    double low = law.evaluate(theta, x, down);
                    theta[i] = at;
                    assertThat(jet.gradient[i]).isEqualTo((high - low) / 2e-5, within(1e-8));
                    for (int j = 0; j < p; j++) {
                        assertThat(jet.hessian(i, j))
                                .isEqualTo((up.gradient[j] - down.gradient[j]) / 2e-5, within(1e-8));
                    }
                }
            }
        }
    }

    @Test
    void recoversKnownParametersFromNoiselessLosses() {
        for (double delta : new double[] {1e-3, FitOptions.LEAST_SQUARES}) {
            FittedLaw fit = fit(CHINCHILLA, grid(5, 5, LawFitterTest::truth, 0, 1), delta);
            assertThat(fit.converged()).isTrue();
            double[] found = fit.parameters();
            for (int i = 0; i < TRUTH.length; i++) {
                assertThat(found[i] / TRUTH[i])
                        .as(CHINCHILLA.parameters().get(i).name())
                        .isEqualTo(1, within(1e-6));
            }
        }
    }

    @Test
    void recoversLawsOfOneVariable() {
        List<LossPoint> points = grid(6, 2, (n, d) -> 2.5 + 40 * Math.pow(n, -0.3), 0, 1);
        FittedLaw withConstant = fit(PowerSum.powerLaw("N", true), points, 1e-3);
        assertThat(withConstant.parameter("E")).isEqualTo(2.5, within(1e-6));
        assertThat(withConstant.parameter("alpha")).isEqualTo(0.3, within(1e-6));
        FittedLaw pure =
                fit(PowerSum.powerLaw("C", false), grid(3, 3, (n, d) -> 30 * Math.pow(6 * n * d, -0.05), 0, 1), 1e-3);
        assertThat(pure.parameter("A")).isCloseTo(30, Percentage.withPercentage(1e-4));
        assertThat(pure.predict(1e12)).isEqualTo(30 * Math.pow(1e12, -0.05), within(1e-6));
        assertThatThrownBy(() -> pure.parameter("E")).hasMessageContaining("no parameter E");
    }

    @Test
    void intervalsCoverTheTruth() {
        int trials = 60;
        int[] covered = new int[TRUTH.length];
        for (int trial = 0; trial < trials; trial++) {
            LossData data = LossPoint.data(CHINCHILLA, grid(5, 5, LawFitterTest::truth, 0.01, trial));
            FittedLaw fit = LawFitter.fit(CHINCHILLA, data, 1e-3);
            Bootstrap bootstrap = Bootstrap.run(fit, data, new FitOptions(1e-3, 200, trial, 0.95));
            for (int i = 0; i < TRUTH.length; i++) {
                Bootstrap.Interval interval =
                        bootstrap.interval(CHINCHILLA.parameters().get(i)::natural);
                covered[i] += interval.lo() <= TRUTH[i] && TRUTH[i] <= interval.hi() ? 1 : 0;
            }
        }
        for (int i = 0; i < TRUTH.length; i++) {
            assertThat(covered[i]).as(CHINCHILLA.parameters().get(i).name()).isGreaterThanOrEqualTo((int)
                    (0.9 * trials));
        }
    }

    @Test
    void aQuasiNewtonMethodFindsNothingLower() {
        LossData data = LossPoint.data(CHINCHILLA, grid(6, 6, LawFitterTest::truth, 0.01, 11));
        for (double delta : new double[] {1e-3, FitOptions.LEAST_SQUARES}) {
            FittedLaw fit = LawFitter.fit(CHINCHILLA, data, delta);
            RobustObjective objective = new RobustObjective(CHINCHILLA, data, null, delta);
            UnconstrainedMinimization bfgs = FactoryOptimization.quasiNewtonBfgs(null);
            bfgs.setFunction(value(objective), gradient(objective), 0);
            double[] start = fit.theta().clone();
            for (int i = 0; i < start.length; i++) {
                start[i] += 0.05 * (i % 2 == 0 ? 1 : -1);
            }
            bfgs.initialize(start, 0, 0);
            UtilOptimize.process(bfgs, 2000);
            assertThat(bfgs.getFunctionValue()).isCloseTo(fit.objective(), Percentage.withPercentage(0.1));
            assertThat(bfgs.getFunctionValue()).isGreaterThanOrEqualTo(fit.objective() * (1 - 1e-9));
        }
    }

    private static FunctionNtoS value(RobustObjective objective) {
        return new FunctionNtoS() {
            @Override
            public int getNumOfInputsN() {
                return objective.dimension();
            }

            @Override
            public double process(double[] input) {
                return objective.value(input);
            }
        };
    }

    private static FunctionNtoN gradient(RobustObjective objective) {
        return new FunctionNtoN() {
            @Override
            public int getN() {
                return objective.dimension();
            }

            @Override
            public void process(double[] input, double[] output) {
                objective.derivatives(input, output, new double[getN()][getN()]);
            }
        };
    }

    @Test
    void robustAgainstAnOutlierWhereLeastSquaresIsNot() {
        List<LossPoint> points = grid(5, 5, LawFitterTest::truth, 0.001, 2);
        LossPoint first = points.get(0);
        points.set(0, new LossPoint(first.n(), first.d(), first.compute(), first.loss() * 1.5));
        double huber = Math.abs(fit(CHINCHILLA, points, 1e-3).parameter("E") - TRUTH[0]);
        double squares =
                Math.abs(fit(CHINCHILLA, points, FitOptions.LEAST_SQUARES).parameter("E") - TRUTH[0]);
        assertThat(huber).isLessThan(0.02).isLessThan(squares);
    }

    @Test
    void sandwichAgreesWithTheBootstrapForLeastSquares() {
        double delta = FitOptions.LEAST_SQUARES;
        LossData data = LossPoint.data(CHINCHILLA, grid(8, 8, LawFitterTest::truth, 0.005, 4));
        FittedLaw fit = LawFitter.fit(CHINCHILLA, data, delta);
        Bootstrap bootstrap = Bootstrap.run(fit, data, new FitOptions(delta, 400, 1, 0.95));
        for (ParameterEstimate p : Estimates.of(fit, data, delta, bootstrap, List.of())) {
            assertThat(p.sandwichSe() / p.se()).as(p.name()).isBetween(0.7, 1.3);
        }
    }

    @Test
    void sameSeedSameResamples() {
        LossData data = LossPoint.data(CHINCHILLA, grid(4, 4, LawFitterTest::truth, 0.01, 4));
        FittedLaw fit = LawFitter.fit(CHINCHILLA, data, 1e-3);
        Bootstrap.Interval one =
                Bootstrap.run(fit, data, new FitOptions(1e-3, 50, 7, 0.95)).prediction(1e9, 1e10);
        Bootstrap.Interval two =
                Bootstrap.run(fit, data, new FitOptions(1e-3, 50, 7, 0.95)).prediction(1e9, 1e10);
        Bootstrap.Interval other =
                Bootstrap.run(fit, data, new FitOptions(1e-3, 50, 8, 0.95)).prediction(1e9, 1e10);
        assertThat(one).isEqualTo(two).isNotEqualTo(other);
    }

    @Test
    void refusesTooFewPointsAndBadLosses() {
        assertThatThrownBy(() -> fit(CHINCHILLA, grid(2, 2, LawFitterTest::truth, 0, 1), 1e-3))
                .isInstanceOf(AnalysisException.class)
                .hasMessageContaining("5 parameters");
        assertThatThrownBy(() -> fit(CHINCHILLA, grid(3, 3, (n, d) -> Double.NaN, 0, 1), 1e-3))
                .isInstanceOf(AnalysisException.class)
                .hasMessageContaining("positive and finite");
    }
}
