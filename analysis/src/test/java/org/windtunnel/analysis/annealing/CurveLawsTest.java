package org.windtunnel.analysis.annealing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.windtunnel.analysis.law.Jet;
import org.windtunnel.analysis.law.LearningRateTrace;

/** Curves made by a law are predicted for schedules that were not fitted. */
class CurveLawsTest {
    private static final int STEPS = 1500;
    private static final int WARMUP = 50;
    private static final double PEAK = 0.01;

    private static LearningRateTrace trace(IntToDoubleFunction afterWarmup) {
        return new LearningRateTrace(
                IntStream.range(0, STEPS)
                        .mapToDouble(k -> k < WARMUP ? PEAK * (k + 1) / WARMUP : PEAK * afterWarmup.applyAsDouble(k))
                        .toArray(),
                WARMUP);
    }

    private static final LearningRateTrace COSINE =
            trace(k -> 0.55 + 0.45 * Math.cos(Math.PI * (k - WARMUP) / (STEPS - WARMUP)));
    private static final LearningRateTrace CONSTANT = trace(k -> 1);
    private static final LearningRateTrace WSD = trace(k -> k < 1200 ? 1 : 1 - 0.9 * (k - 1200) / 300.0);
    private static final LearningRateTrace DROP = trace(k -> k < 800 ? 1 : 0.2);

    private static ScheduledCurve curve(String name, LearningRateTrace trace, CurveLaw law, double noise) {
        Random random = new Random(name.hashCode());
        int[] steps = IntStream.rangeClosed(2, STEPS / 25 - 1).map(i -> 25 * i).toArray();
        double[] losses = law.predict(trace, steps);
        for (int i = 0; i < losses.length; i++) {
            losses[i] *= Math.exp(noise * random.nextGaussian());
        }
        return new ScheduledCurve(name, trace, steps, losses);
    }

    /** L0 2.5, A 1.2, alpha 0.45, C 0.9, lambda 0.99, through the areas themselves. */
    private static final CurveLaw TISSUE = (trace, steps) -> {
        double[] s2 = trace.annealing(0.99);
        return IntStream.of(steps)
                .mapToDouble(s -> 2.5 + 1.2 * Math.pow(trace.area(s), -0.45) - 0.9 * s2[s])
                .toArray();
    };

    @Test
    void annealingLawFindsItsMomentumAndPredictsOtherSchedules() {
        List<ScheduledCurve> train =
                List.of(curve("cosine", COSINE, TISSUE, 0), curve("constant", CONSTANT, TISSUE, 0));
        AnnealingFit fit = AnnealingFit.search(train, 1e-3);
        assertThat(fit.lambda()).isEqualTo(0.99, within(1e-5));
        assertThat(fit.fitted().parameter("C")).isEqualTo(0.9, within(1e-3));
        ScheduledCurve unseen = curve("wsd", WSD, TISSUE, 0);
        assertThat(fit.errors(unseen).mae()).isLessThan(1e-6);
        assertThat(fit.meanErrors(List.of(unseen, train.get(0))).points()).isEqualTo(2 * unseen.size());
    }

    @Test
    void noiseOnTheFittedCurvesHardlyMovesThePrediction() {
        List<ScheduledCurve> train =
                List.of(curve("cosine", COSINE, TISSUE, 2e-3), curve("drop", DROP, TISSUE, 2e-3));
        AnnealingFit fit = AnnealingFit.of(train, 0.99, 1e-3);
        assertThat(fit.errors(curve("wsd", WSD, TISSUE, 0)).are()).isLessThan(2e-3);
    }

    @Test
    void multiPowerLawPredictsOtherSchedules() {
        CurveLaw truth = MultiPowerFit.of(2.5, 1.2, 0.45, 8, 1.5, 0.5, 0.4);
        List<ScheduledCurve> train = List.of(curve("cosine", COSINE, truth, 0), curve("drop", DROP, truth, 0));
        MultiPowerFit fit = MultiPowerFit.fit(train, 1e-3);
        assertThat(fit.objective()).isLessThan(1e-6);
        assertThat(fit.errors(curve("wsd", WSD, truth, 0)).are()).isLessThan(2e-3);
    }

    @Test
    void multiPowerDerivativesAgreeWithFiniteDifferences() {
        MultiPowerLaw law = new MultiPowerLaw(List.of(COSINE, DROP));
        double[] theta = MultiPowerLaw.coordinates(2.5, 1.2, 0.45, 8, 1.5, 0.5, 0.4);
        Jet jet = new Jet(7);
        Jet up = new Jet(7);
        Jet down = new Jet(7);
        for (double[] x : new double[][] {{0, 700}, {1, 900}, {1, 30}}) {
            assertThat(law.evaluate(theta, x, jet)).isEqualTo(law.value(theta, x), within(1e-13));
            for (int i = 0; i < 7; i++) {
                double at = theta[i];
                theta[i] = at + 1e-5;
                double high = law.evaluate(theta, x, up);
                theta[i] = at - 1e-5;
                double low = law.evaluate(theta, x, down);
                theta[i] = at;
                assertThat(jet.gradient[i]).isEqualTo((high - low) / 2e-5, within(1e-8));
                for (int j = 0; j < 7; j++) {
                    assertThat(jet.hessian(i, j))
                            .isEqualTo((up.gradient[j] - down.gradient[j]) / 2e-5, within(1e-7));
                }
            }
        }
    }
}
