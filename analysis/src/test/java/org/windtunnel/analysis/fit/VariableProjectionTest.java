package org.windtunnel.analysis.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;
import org.windtunnel.analysis.law.DataSize;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.law.LossData;
import org.windtunnel.analysis.law.OverTraining;
import org.windtunnel.analysis.law.PowerSum;
import org.windtunnel.analysis.law.Scale;
import org.windtunnel.analysis.law.Separable;
import org.windtunnel.analysis.law.TiedChinchilla;

/** Variable projection alone leads to the least-squares fit. */
class VariableProjectionTest {

    private static LossData data(Law law, double[] theta, double[] low, double[] high, double noise) {
        Random random = new Random(2);
        int side = low.length == 1 ? 40 : 8;
        int points = low.length == 1 ? side : side * side;
        double[][] inputs = new double[points][low.length];
        double[] loss = new double[points];
        for (int i = 0; i < points; i++) {
            for (int j = 0; j < low.length; j++) {
                int step = j == 0 ? i % side : i / side;
                inputs[i][j] = low[j] * Math.pow(high[j] / low[j], step / (side - 1.0));
            }
            loss[i] = FittedLaw.predict(law, theta, inputs[i]) * Math.exp(noise * random.nextGaussian());
        }
        return LossData.of(law, inputs, loss).on(Scale.LINEAR);
    }

    private static void agrees(Separable law, LossData data) {
        List<double[]> starts = VariableProjection.starts(law, data);
        FittedLaw projected = LawFitter.fitFrom(law, data, FitOptions.LEAST_SQUARES, starts);
        FittedLaw whole = LawFitter.fit(law, data, FitOptions.LEAST_SQUARES);
        assertThat(projected.objective()).as(law.name()).isCloseTo(whole.objective(), Percentage.withPercentage(1e-5));
    }

    @Test
    void findsTheLeastSquaresFitOfEveryLawThatIsLinearInItsCoefficients() {
        double[] chinchilla = {Math.log(400), Math.log(900), Math.log(1.8), 0.34, 0.37};
        agrees(
                PowerSum.chinchilla(),
                data(PowerSum.chinchilla(), chinchilla, new double[] {1e6, 1e8}, new double[] {1e9, 1e11}, 0.01));
        TiedChinchilla tied = new TiedChinchilla();
        agrees(
                tied,
                data(
                        tied,
                        tied.coordinates(1.8, 400, 900, 0.35),
                        new double[] {1e6, 1e8},
                        new double[] {1e9, 1e11},
                        0.01));
        OverTraining over = new OverTraining();
        agrees(
                over,
                data(
                        over,
                        over.coordinates(1.8, 210, 360, 0.136),
                        new double[] {1e17, 5},
                        new double[] {1e21, 640},
                        0.01));
        DataSize size = new DataSize();
        agrees(size, data(size, size.coordinates(0.5, 20, 0.3, 3e4), new double[] {1e3}, new double[] {1e7}, 0.005));
    }

    @Test
    void unitsOfTheLossDoNotMatter() {
        double[] theta = {Math.log(4e-3), Math.log(9e-3), Math.log(1.8e-5), 0.34, 0.37};
        LossData small = data(PowerSum.chinchilla(), theta, new double[] {1e6, 1e8}, new double[] {1e9, 1e11}, 0.001);
        FittedLaw fit = LawFitter.fitFrom(
                PowerSum.chinchilla(),
                small.on(Scale.LOG),
                1e-3,
                VariableProjection.starts(PowerSum.chinchilla(), small));
        assertThat(fit.parameter("alpha")).isEqualTo(0.34, within(0.02));
        assertThat(fit.parameter("beta")).isEqualTo(0.37, within(0.02));
    }
}
