package org.windtunnel.analysis.law;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.fit.FitOptions;
import org.windtunnel.analysis.fit.FittedLaw;
import org.windtunnel.analysis.fit.LawFitter;

/** Every law: exact derivatives, and a fit to points made by the law itself that predicts far outside of them. */
class LawsTest {

    /**
     * A law with true parameters, where its points lie and where it is asked to predict.
     *
     * @param law the form
     * @param truth in the formula's order
     * @param low least inputs
     * @param high greatest inputs
     * @param beyond inputs outside of both
     */
    record Case(Law law, double[] truth, double[] low, double[] high, double[] beyond) {
        @Override
        public String toString() {
            return law.name();
        }
    }

    private static double[] of(double... values) {
        return values;
    }

    static List<Case> cases() {
        Map<String, Double> base = Map.of("E", 1.87, "A", 521.0, "B", 1488.0, "alpha", 0.35, "beta", 0.35);
        return List.of(
                new Case(
                        PowerSum.chinchilla(),
                        of(1.8, 400, 900, 0.34, 0.37),
                        of(1e6, 1e8),
                        of(1e9, 1e11),
                        of(1e10, 1e12)),
                new Case(new TiedChinchilla(), of(1.8, 400, 900, 0.35), of(1e6, 1e8), of(1e9, 1e11), of(1e10, 1e12)),
                new Case(new OverTraining(), of(1.8, 210, 360, 0.136), of(1e17, 5), of(1e21, 640), of(1e23, 20)),
                new Case(new DownstreamError(), of(0.86, 2.2, 0.71), of(2.6), of(6), of(2.3)),
                new Case(
                        Kaplan.sizeAndData(),
                        of(6.4e13, 1.8e13, 0.076, 0.103),
                        of(1e6, 1e8),
                        of(1e9, 1e11),
                        of(1e10, 1e12)),
                new Case(
                        Kaplan.sizeAndSteps(),
                        of(6.5e13, 2100, 0.077, 0.76),
                        of(1e6, 1e3),
                        of(1e9, 1e5),
                        of(1e10, 1e6)),
                new Case(new CriticalBatch(), of(3000, 2e5), of(1e4), of(1e7), of(1e8)),
                new Case(
                        HeldLaw.of(new DataConstrained(), base),
                        of(15, 5),
                        of(1e8, 1e10, 1e9),
                        of(1e10, 1e11, 1e10),
                        of(2e10, 3e11, 2e10)),
                new Case(
                        new DataConstrained(),
                        of(1.87, 521, 1488, 0.35, 0.33, 15, 5),
                        of(1e8, 1e10, 1e9),
                        of(1e10, 1e11, 1e10),
                        of(2e10, 3e11, 2e10)),
                new Case(
                        new Farseer(),
                        of(-0.3, 0.08, -0.75, 2, -0.1, 5.2, -0.6, 0.12, 1.4),
                        of(1e8, 2e9),
                        of(6e9, 3e11),
                        of(1e10, 4e11)),
                new Case(new BrokenPowerLaw(1), of(0.4, 2.3, 0.055, 5.6, 600, 0.06), of(100), of(2000), of(3000)),
                new Case(new ParallelScaling(), of(0.69, 1.1e7, 0.19, 0.39), of(5e8, 1), of(5e9, 8), of(1e10, 16)),
                new Case(new DataSize(), of(0.5, 20, 0.3, 3e4), of(1e3), of(1e7), of(1e8)),
                new Case(RepeatedSampling.exponentiatedPower(), of(2.5, 0.4), of(1), of(1e3), of(1e4)),
                new Case(RepeatedSampling.betaBinomial(), of(0.4, 3), of(1), of(1e3), of(1e4)),
                new Case(
                        new PowerProduct("lr-law", "lr", List.of("N", "D")),
                        of(1.79, -0.713, 0.307),
                        of(1e7, 1e9),
                        of(1e9, 1e11),
                        of(1e10, 1e12)),
                new Case(PowerSum.powerLaw("C", true), of(1.5, 90, 0.11), of(1e13), of(1e18), of(1e20)),
                new Case(PowerSum.powerLaw("N", false), of(12, 0.08), of(1e5), of(1e9), of(1e10)),
                new Case(Annealing.ofOneModel(), of(3.1, 0.5, 0.5, 0.4), of(0.3, 0), of(8, 0.2), of(16, 0.4)),
                new Case(
                        Annealing.ofSizes(),
                        of(2.6, 0.5, 0.5, 0.4, 60, 0.3),
                        of(0.3, 0, 1e6),
                        of(8, 0.2, 1e9),
                        of(16, 0.4, 1e10)));
    }

    private static LossData data(Case c) {
        int inputs = c.low.length;
        int side = inputs == 1 ? 24 : inputs == 2 ? 9 : 6;
        double[] theta = coordinates(c);
        List<double[]> rows = new ArrayList<>();
        List<Double> losses = new ArrayList<>();
        for (int code = 0; code < Math.pow(side, inputs); code++) {
            double[] row = new double[inputs];
            int rest = code;
            for (int j = 0; j < inputs; j++) {
                double share = rest % side / (side - 1.0);
                row[j] = c.low[j] > 0
                        ? c.low[j] * Math.pow(c.high[j] / c.low[j], share)
                        : c.low[j] + share * (c.high[j] - c.low[j]);
                rest /= side;
            }
            rows.add(row);
            losses.add(FittedLaw.predict(c.law, theta, row));
        }
        return LossData.of(c.law, rows.toArray(double[][]::new), losses.stream().mapToDouble(d -> d).toArray());
    }

    private static double[] coordinates(Case c) {
        double[] theta = new double[c.truth.length];
        for (int i = 0; i < theta.length; i++) {
            Law.Parameter p = c.law.parameters().get(i);
            theta[p.coordinate()] = p.logarithmic() ? Math.log(c.truth[i]) : c.truth[i];
        }
        return theta;
    }

    @ParameterizedTest
    @MethodSource("cases")
    void derivativesAgreeWithFiniteDifferences(Case c) {
        Random random = new Random(3);
        LossData data = data(c);
        int p = c.law.dimension();
        Jet jet = new Jet(p);
        Jet up = new Jet(p);
        Jet down = new Jet(p);
        for (int trial = 0; trial < 12; trial++) {
            double[] x = data.x(random.nextInt(data.size()));
            double[] theta = coordinates(c);
            for (int i = 0; i < p; i++) {
                theta[i] += 0.02 * random.nextGaussian() * Math.min(1, Math.abs(theta[i]));
            }
            assertThat(c.law.evaluate(theta, x, jet)).isEqualTo(c.law.value(theta, x), within(1e-13));
            for (int i = 0; i < p; i++) {
                double at = theta[i];
                double h = 1e-5 * Math.max(0.1, Math.abs(at));
                theta[i] = at + h;
                double high = c.law.evaluate(theta, x, up);
                theta[i] = at - h;
                double low = c.law.evaluate(theta, x, down);
                theta[i] = at;
                double slope = (high - low) / (2 * h);
                assertThat(jet.gradient[i]).as("d%d", i).isEqualTo(slope, within(1e-6 * (1 + Math.abs(slope))));
                for (int j = 0; j < p; j++) {
                    double bend = (up.gradient[j] - down.gradient[j]) / (2 * h);
                    assertThat(jet.hessian(i, j))
                            .as("d%d d%d", i, j)
                            .isEqualTo(bend, within(2e-5 * (1 + Math.abs(bend))));
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void findsItsOwnPointsAndPredictsBeyondThem(Case c) {
        FittedLaw fit = LawFitter.fit(c.law, data(c), FitOptions.LEAST_SQUARES);
        double[] truth = coordinates(c);
        assertThat(fit.objective()).isLessThan(1e-12);
        double beyond = FittedLaw.predict(c.law, truth, c.beyond);
        assertThat(fit.predict(c.beyond)).isEqualTo(beyond, within(1e-4 * beyond));
    }

    @Test
    void namesAndFormulas() {
        for (Map.Entry<String, Law> law : Laws.all().entrySet()) {
            assertThat(Laws.named(law.getKey()).formula()).isEqualTo(law.getValue().formula());
            for (Law.Parameter p : law.getValue().parameters()) {
                assertThat(law.getValue().formula()).contains(p.name().replaceAll("(?<=[cdf])[1-9]$", ""));
            }
        }
        assertThatThrownBy(() -> Laws.named("chinchila"))
                .isInstanceOf(AnalysisException.class)
                .hasMessageContaining("chinchilla, chinchilla-tied");
    }

    @Test
    void inputsThatCannotBeAreRefused() {
        assertThatThrownBy(() -> LossData.of(PowerSum.chinchilla(), new double[][] {{1, 0}}, new double[] {2}))
                .hasMessageContaining("Point 1")
                .hasMessageContaining("expected D positive");
        assertThatThrownBy(() -> LossData.of(PowerSum.chinchilla(), new double[][] {{1, 1}}, new double[] {-2}))
                .hasMessageContaining("loss");
    }

    @Test
    void areasUnderALearningRate() {
        LearningRateTrace trace = new LearningRateTrace(new double[] {0, 1, 2, 2, 1, 0}, 2);
        assertThat(trace.area(5)).isEqualTo(6);
        // Decrements 0, 1, 1 after the warm-up: momenta 0, 1, 1.5 for lambda 0.5.
        assertThat(trace.annealing(0.5)).containsExactly(0, 0, 0, 0, 1, 2.5);
        assertThatThrownBy(() -> new LearningRateTrace(new double[] {1, Double.NaN}, 0))
                .hasMessageContaining("Step 1");
    }
}
