package org.windtunnel.analysis.fit;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.law.LossData;
import org.windtunnel.analysis.law.PowerSum;

/** 95 % intervals contain the truth about as often as they say: 200 data sets of known law with 1 % noise. */
class CoverageTest {
    private static final Law LAW = PowerSum.chinchilla();
    private static final int TRIALS = 200;
    private static final int RESAMPLES = 200;
    /** a, b, e, alpha, beta. */
    private static final double[] TRUTH = {Math.log(400), Math.log(900), Math.log(1.8), 0.36, 0.34};

    private static LossData data(long seed) {
        Random random = new Random(seed);
        double[][] inputs = new double[150][];
        double[] loss = new double[inputs.length];
        for (int i = 0; i < inputs.length; i++) {
            double n = 1e7 * Math.pow(1000, (i % 15) / 14.0);
            double d = 2e8 * Math.pow(1000, (i / 15) / 9.0);
            inputs[i] = new double[] {n, d};
            loss[i] = FittedLaw.predict(LAW, TRUTH, n, d) * Math.exp(0.01 * random.nextGaussian());
        }
        return LossData.of(LAW, inputs, loss);
    }

    @Test
    void intervalsCoverTheTruth() {
        boolean[][] inside = IntStream.range(0, TRIALS)
                .parallel()
                .mapToObj(CoverageTest::trial)
                .toArray(boolean[][]::new);
        for (int k = 0; k < LAW.dimension(); k++) {
            int parameter = k;
            long covered = IntStream.range(0, TRIALS).filter(t -> inside[t][parameter]).count();
            assertThat(covered).as(LAW.parameters().get(k).name()).isBetween(180L, 199L);
        }
    }

    private static boolean[] trial(int seed) {
        LossData data = data(seed);
        FittedLaw fit = LawFitter.fitFrom(LAW, data, 1e-3, List.of(TRUTH));
        Bootstrap bootstrap = Bootstrap.run(fit, data, new FitOptions(1e-3, RESAMPLES, seed, 0.95));
        boolean[] inside = new boolean[LAW.dimension()];
        for (int k = 0; k < inside.length; k++) {
            Law.Parameter p = LAW.parameters().get(k);
            Bootstrap.Interval interval = bootstrap.interval(p::natural);
            double truth = p.natural(TRUTH);
            inside[k] = interval.lo() <= truth && truth <= interval.hi();
        }
        return inside;
    }
}
