package org.windtunnel.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.windtunnel.config.Auxiliary;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.OptimizerSpec.Decayed;
import org.windtunnel.config.ProjectedSpec;
import org.windtunnel.config.ProjectedSpec.Side;
import org.windtunnel.nn.Parameters;
import org.windtunnel.tensor.DType;

/** What APOLLO does to parameters that it does not project, and what it does without bias correction. */
class ApolloAdamWTest extends SmallModel {
    private static final double LR = 0.05;
    private static final double BETA1 = 0.9;
    private static final double BETA2 = 0.999;
    private static final double EPS = 1e-3;

    private static OptimizerSpec apollo(double decay, boolean correctBias) {
        return new ProjectedSpec.ApolloMini(LR, BETA1, BETA2, EPS, 1, 4, Side.SMALLER, 128, false, 1.01, decay,
                new Auxiliary(null, null, null, null, null, null, Decayed.MATRICES), Map.of(), correctBias);
    }

    /** The lines of apollo_torch's AdamW for one number that is not projected. */
    private static double reference(double w, double decay, boolean correctBias, double[] gradients, double[] rates) {
        double m = 0;
        double v = 0;
        for (int t = 1; t <= gradients.length; t++) {
            m = m * BETA1 + (1 - BETA1) * gradients[t - 1];
            v = v * BETA2 + (1 - BETA2) * gradients[t - 1] * gradients[t - 1];
            double denominator = Math.sqrt(v) + EPS;
            double stepSize = rates[t - 1];
            if (correctBias) {
                stepSize = stepSize * Math.sqrt(1 - Math.pow(BETA2, t)) / (1 - Math.pow(BETA1, t));
            }
            w += -stepSize * (m / denominator);
            w += -rates[t - 1] * decay * w;
        }
        return w;
    }

    @Test
    void decayComesAfterTheUpdate() {
        double[] gradients = {1, -0.5, 0.25};
        double[] rates = {LR, LR / 2, LR / 4};
        for (boolean correctBias : new boolean[] {true, false}) {
            Parameters parameters = parameters(0.5f);
            Optimizer optimizer = create(apollo(2, correctBias), parameters);
            for (int t = 0; t < gradients.length; t++) {
                fill(parameters.gradients(), (float) gradients[t]);
                optimizer.step(rates[t], 1);
            }
            for (String name : List.of("wte.weight", "conv1.weight", "lm_head.weight", "ln.weight", "h.bias")) {
                double decay = name.equals("ln.weight") || name.equals("h.bias") ? 0 : 2;
                double expected = reference(0.5, decay, correctBias, gradients, rates);
                for (float w : parameters.weight(name).toFloats()) {
                    assertThat((double) w).as(name).isCloseTo(expected, within(2e-6));
                }
            }
        }
    }

    /** The correction is a factor on the rate: without it, a rate that has the factor does the same. */
    @Test
    void biasCorrectionIsAFactorOnTheStepOfMatricesToo() {
        Parameters corrected = parameters(0.5f);
        Parameters plain = parameters(0.5f);
        Optimizer with = create(apollo(0, true), corrected);
        Optimizer without = create(apollo(0, false), plain);
        for (int t = 1; t <= 4; t++) {
            gradients(corrected, t);
            gradients(plain, t);
            with.step(LR, 1);
            without.step(LR * Math.sqrt(1 - Math.pow(BETA2, t)) / (1 - Math.pow(BETA1, t)), 1);
        }
        float[] expected = corrected.weights().toFloats();
        float[] found = plain.weights().toFloats();
        for (int i = 0; i < expected.length; i++) {
            assertThat((double) found[i]).isCloseTo(expected[i], within(1e-5));
        }
    }

    @Test
    void itsStateIsAdamWsAndGoesOnBitForBit() {
        OptimizerSpec spec = apollo(0.5, false);
        Optimizer after = goesOnBitForBit(spec, LR);
        // APOLLO of h.weight at rank 1: two moments of 4, a projection of 4, a norm; AdamW 2 of the others.
        long elements = 3 * 4 + 1 + 2 * (12 + 4 + 4 + 12 + 12);
        assertThat(after.stateBytes()).isEqualTo(elements * Float.BYTES)
                .isEqualTo(Optimizers.stateBytes(spec, standard(spec, model(WIDTH)), DType.FLOAT32));
    }

    /** Decay that takes everything leaves nothing, and no NaN. */
    @Test
    void decayOfTheWholeWeightLeavesZero() {
        Parameters parameters = parameters(0.5f);
        Optimizer optimizer = create(apollo(1 / LR, true), parameters);
        fill(parameters.gradients(), 1);
        optimizer.step(LR, 1);
        for (float w : parameters.weight("wte.weight").toFloats()) {
            assertThat((double) w).isCloseTo(0, within(1e-9));
        }
    }
}
