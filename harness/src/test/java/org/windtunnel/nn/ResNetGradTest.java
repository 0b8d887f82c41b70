package org.windtunnel.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.nd4j.Nd4jBackend;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

/** The whole network's backward pass against central differences of its training loss, in double precision. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ResNetGradTest {
    /** Small, so that hardly a ReLU changes sides on the way. */
    private static final double STEP = 1e-6;

    private static final double GRAD_SCALE = 0.5;
    private static final int DIRECTIONS = 3;

    private final Backend exact = new Nd4jBackend(DType.FLOAT64);

    static List<ResNetCase> cases() {
        return ResNetCase.all();
    }

    /**
     * Along random directions in which every parameter takes part, so that a pass tells of all of them. A missing factor
     * or term is of the order of its parameter's share.
     */
    @ParameterizedTest
    @MethodSource("cases")
    void alongRandomDirections(ResNetCase c) {
        try (Arena arena = ResNetCase.arena(exact)) {
            ResNet model = c.build(exact, 3, arena);
            double[][] buffers = ResNetCase.buffers(model);
            Tensor weights = model.parameters().weights();
            double[] start = weights.toDoubles();
            loss(model, buffers);
            double[] gradient = model.parameters().gradients().toDoubles();
            for (int seed = 1; seed <= DIRECTIONS; seed++) {
                double[] direction = direction(seed, start.length);
                double analytic = 0;
                double[] losses = new double[2];
                for (int i = 0; i < start.length; i++) {
                    analytic += gradient[i] * direction[i];
                }
                for (int side = 0; side < 2; side++) {
                    double[] moved = start.clone();
                    for (int i = 0; i < moved.length; i++) {
                        moved[i] += (side == 0 ? -STEP : STEP) * direction[i];
                    }
                    weights.set(moved);
                    losses[side] = loss(model, buffers);
                }
                double numeric = (losses[1] - losses[0]) / (2 * STEP);
                assertThat(analytic).isCloseTo(numeric, within(1e-6 * (1 + Math.abs(numeric))));
            }
        }
    }

    private static double[] direction(long seed, int size) {
        Rng rng = new Rng(seed, 3);
        double[] direction = new double[size];
        for (int i = 0; i < size; i++) {
            direction[i] = rng.gaussian(i);
        }
        return direction;
    }

    /** Every pass starts from the same buffers. */
    private static double loss(ResNet model, double[][] buffers) {
        ResNetCase.restore(model, buffers);
        double[] sums = new double[3];
        model.forwardBackward(GRAD_SCALE, 0, false, sums);
        return GRAD_SCALE * sums[0];
    }
}
