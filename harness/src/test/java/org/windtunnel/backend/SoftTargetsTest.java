package org.windtunnel.backend;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.windtunnel.backend.nd4j.Nd4jBackend;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/** Losses of smoothed and mixed labels against their definition, and their gradients against its differences. */
class SoftTargetsTest {
    private static final int ROWS = 3;
    private static final int CLASSES = 4;
    private static final int[] LABELS = {2, -1, 0};
    private static final int[] SECONDS = {1, 3, 0};
    private static final float[] SHARES = {0.25f, 0.5f, 0.125f};
    private static final double SCALE = 0.3;

    /** Summed over rows, from the definition. */
    private static double loss(boolean squared, double[] z, double smoothing, boolean mixed) {
        double sum = 0;
        for (int n = 0; n < ROWS; n++) {
            if (LABELS[n] < 0) {
                continue;
            }
            double partition = 0;
            for (int k = 0; k < CLASSES; k++) {
                partition += Math.exp(z[n * CLASSES + k]);
            }
            for (int k = 0; k < CLASSES; k++) {
                double share = mixed ? SHARES[n] : 0;
                double t = smoothing / CLASSES
                        + (1 - smoothing) * ((k == LABELS[n] ? 1 - share : 0) + (k == SECONDS[n] ? share : 0));
                double logit = z[n * CLASSES + k];
                sum += squared ? (logit - t) * (logit - t) / 2 : -t * (logit - Math.log(partition));
            }
        }
        return sum;
    }

    @Test
    void lossAndGradient() {
        double[] z = new Random(1).doubles(ROWS * CLASSES, -2, 2).toArray();
        try (Backend backend = new Nd4jBackend(DType.FLOAT64);
                Arena arena = Arena.of(backend::allocate, backend.floatType())) {
            Tensor logits = arena.take(ROWS, CLASSES);
            Tensor targets = arena.take(DType.INT32, ROWS);
            Tensor seconds = arena.take(DType.INT32, ROWS);
            Tensor shares = arena.take(ROWS);
            targets.set(LABELS);
            seconds.set(SECONDS);
            shares.set(SHARES);
            for (boolean squared : new boolean[] {false, true}) {
                for (double smoothing : new double[] {0, 0.1}) {
                    for (boolean mixed : new boolean[] {false, true}) {
                        SoftTargets soft =
                                new SoftTargets(smoothing, mixed ? seconds : null, mixed ? shares : null);
                        double[] sums = new double[3];
                        logits.set(z);
                        if (squared) {
                            backend.softSquaredError(logits, targets, soft, SCALE, sums);
                        } else {
                            backend.softCrossEntropy(logits, targets, soft, 0, SCALE, sums);
                        }
                        assertThat(sums[0]).isEqualTo(loss(squared, z, smoothing, mixed), within(1e-12));
                        double[] gradient = logits.toDoubles();
                        for (int i = 0; i < z.length; i++) {
                            double[] up = z.clone();
                            double[] down = z.clone();
                            up[i] += 1e-5;
                            down[i] -= 1e-5;
                            double slope =
                                    (loss(squared, up, smoothing, mixed) - loss(squared, down, smoothing, mixed)) / 2e-5;
                            assertThat(gradient[i]).isEqualTo(SCALE * slope, within(1e-9));
                        }
                    }
                }
            }
        }
    }
}
