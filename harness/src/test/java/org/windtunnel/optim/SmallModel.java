package org.windtunnel.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.List;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.cpu.CpuBackend;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.ParameterizationSpec;
import org.windtunnel.config.ParameterizationSpec.DecayRule;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Parameters;
import org.windtunnel.nn.Role;
import org.windtunnel.scaling.Parameterizations;
import org.windtunnel.scaling.ScalingTable;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.Tensor;

/** For tests of optimizers that treat roles differently: a model with one parameter of each. */
abstract class SmallModel {
    static final int WIDTH = 4;

    private final Backend backend = new CpuBackend(1);
    private final Arena arena = Arena.of(backend::allocate, backend.floatType());

    @AfterEach
    void close() {
        arena.close();
        backend.close();
    }

    static List<ParamSpec> model(int width) {
        return List.of(spec("wte.weight", Role.EMBEDDING, width, 3, width),
                spec("h.weight", Role.HIDDEN, width, width, width),
                spec("ln.weight", Role.NORM_GAIN, width, width), spec("h.bias", Role.BIAS, width, width),
                spec("conv1.weight", Role.STEM, 3, width, 3), spec("lm_head.weight", Role.READOUT, width, 3, width));
    }

    private static ParamSpec spec(String name, Role role, int fanIn, int... shape) {
        return new ParamSpec(name, role, shape, fanIn, shape[0], 0, false);
    }

    static ScalingTable standard(OptimizerSpec spec, List<ParamSpec> model) {
        return Parameterizations.resolve(
                new ParameterizationSpec.Sp(0.02, 1, 1, false), spec, model, model, WIDTH, WIDTH, 1);
    }

    static ScalingTable mup(OptimizerSpec spec, DecayRule rule, int width) {
        return Parameterizations.resolve(new ParameterizationSpec.MuP(WIDTH, 0.02, 1, 1, false, 1, 1, rule), spec,
                model(width), model(WIDTH), WIDTH, WIDTH, 1);
    }

    /** All weights alike. */
    final Parameters parameters(float weight) {
        Parameters parameters = new Parameters(model(WIDTH), arena);
        fill(parameters.weights(), weight);
        return parameters;
    }

    static void fill(Tensor tensor, float value) {
        float[] values = new float[tensor.intSize()];
        Arrays.fill(values, value);
        tensor.set(values);
    }

    static void gradients(Parameters parameters, int step) {
        float[] values = new float[parameters.gradients().intSize()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) Math.sin(step + 3.7 * i);
        }
        parameters.gradients().set(values);
    }

    final Optimizer create(OptimizerSpec spec, Parameters parameters) {
        return Optimizers.create(
                spec, backend, parameters, standard(spec, model(WIDTH)), Projections.gaussian(1), arena);
    }

    /**
     * Two steps, then a third at a third of the rate: by the optimizer itself and by one that its state was put into.
     *
     * @return the latter
     */
    final Optimizer goesOnBitForBit(OptimizerSpec spec, double lr) {
        Parameters whole = parameters(0.5f);
        Optimizer unbroken = create(spec, whole);
        Parameters cut = parameters(0.5f);
        Optimizer before = create(spec, cut);
        for (int step = 1; step <= 2; step++) {
            gradients(whole, step);
            gradients(cut, step);
            unbroken.step(lr, 1);
            before.step(lr, 1);
        }
        Optimizer after = create(spec, cut);
        after.restoreSteps(before.steps());
        before.state().forEach((name, saved) -> after.state().get(name).set(saved.toFloats()));
        gradients(whole, 3);
        gradients(cut, 3);
        unbroken.step(lr / 3, 1);
        after.step(lr / 3, 1);
        assertThat(cut.weights().toFloats()).isEqualTo(whole.weights().toFloats());
        return after;
    }

    static void refused(ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(ConfigException.class).hasMessageContaining(message);
    }
}
