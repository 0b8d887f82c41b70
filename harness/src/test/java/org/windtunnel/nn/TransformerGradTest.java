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

/** The whole transformer's backward pass against central differences of its loss, in double precision. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TransformerGradTest {
    private static final double STEP = 1e-5;
    private static final double GRAD_SCALE = 0.05;

    private final Backend exact = new Nd4jBackend(DType.FLOAT64);

    static List<TransformerCase> cases() {
        return TransformerCase.all();
    }

    /**
     * Along one random direction per parameter. The truncation error of the difference is about 1e-10 of the loss's
     * third derivative; a missing factor or term is of order one.
     */
    @ParameterizedTest
    @MethodSource("cases")
    void everyParameter(TransformerCase c) {
        try (Arena arena = TransformerCase.arena(exact)) {
            Transformer model = c.build(exact, 2, arena);
            model.forwardBackward(GRAD_SCALE, c.zWeight(), false, new double[3]);
            for (ParamSpec spec : model.parameters().specs()) {
                double[] direction = direction(spec);
                double[] gradient = model.parameters().gradient(spec.name()).toDoubles();
                double analytic = 0;
                for (int i = 0; i < gradient.length; i++) {
                    analytic += gradient[i] * direction[i];
                }
                double numeric = slope(model, spec, direction, c.zWeight());
                assertThat(analytic).as(spec.name()).isCloseTo(numeric, within(1e-6 * (1 + Math.abs(numeric))));
            }
        }
    }

    private static double[] direction(ParamSpec spec) {
        Rng rng = new Rng(3, Rng.stream(spec.name()));
        double[] direction = new double[Math.toIntExact(spec.size())];
        for (int i = 0; i < direction.length; i++) {
            direction[i] = rng.gaussian(i);
        }
        return direction;
    }

    private static double slope(Transformer model, ParamSpec spec, double[] direction, double zWeight) {
        Tensor weight = model.parameters().weight(spec.name());
        double[] start = weight.toDoubles();
        double[] losses = new double[2];
        for (int side = 0; side < 2; side++) {
            double[] moved = start.clone();
            for (int i = 0; i < moved.length; i++) {
                moved[i] += (side == 0 ? -STEP : STEP) * direction[i];
            }
            weight.set(moved);
            double[] sums = new double[3];
            model.evaluate(sums);
            losses[side] = GRAD_SCALE * (sums[0] + zWeight * sums[1]);
        }
        weight.set(start);
        return (losses[1] - losses[0]) / (2 * STEP);
    }
}
