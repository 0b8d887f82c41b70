package org.windtunnel.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.cpu.CpuBackend;
import org.windtunnel.config.Auxiliary;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.MuonScale;
import org.windtunnel.config.MuonSpec;
import org.windtunnel.config.MuonSpec.FilterScale;
import org.windtunnel.config.MuonSpec.MomentumForm;
import org.windtunnel.config.NewtonSchulzCoefficients;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.OptimizerSpec.Decayed;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Parameters;
import org.windtunnel.nn.Role;
import org.windtunnel.scaling.Assignment;
import org.windtunnel.scaling.ParamScaling;
import org.windtunnel.scaling.ScalingTable;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.Tensor;

/** Muon's momentum that rises over the first steps and falls over the last ones. */
class MomentumScheduleTest {
    private static final List<ParamSpec> SPECS =
            List.of(new ParamSpec("a.weight", Role.HIDDEN, new int[] {2, 2}, 2, 2, 0, false));
    private static final float[] GRADIENT = {1, -2, 3, 0.5f};

    private final Backend backend = new CpuBackend(1);
    private final Arena arena = Arena.of(backend::allocate, backend.floatType());

    @AfterEach
    void close() {
        arena.close();
        backend.close();
    }

    private static MuonSpec muon(MomentumForm form, double start, int warmup) {
        return muon(form, start, warmup, 0);
    }

    private static MuonSpec muon(MomentumForm form, double start, int warmup, int cooldown) {
        return new MuonSpec(0.02, 0.95, start, warmup, cooldown, form, true, MuonScale.CLIP_NORM, FilterScale.FLAT, 5,
                NewtonSchulzCoefficients.KELLER_JORDAN, 1e-7, 0.1, false, false,
                new Auxiliary(null, null, null, null, null, null, Decayed.MATRICES), Map.of(), null);
    }

    private Parameters parameters() {
        Parameters parameters = new Parameters(SPECS, arena);
        parameters.weights().set(new float[] {0.1f, 0.2f, -0.3f, 0.4f});
        parameters.gradients().set(GRADIENT);
        return parameters;
    }

    private Optimizer create(OptimizerSpec spec, Parameters parameters) {
        return create(spec, Long.MAX_VALUE, parameters);
    }

    private Optimizer create(OptimizerSpec spec, long steps, Parameters parameters) {
        ScalingTable table = new ScalingTable(SPECS, Assignment.of(spec, SPECS), List.of(new ParamScaling(0, 0, 1, 1, 1)),
                ForwardMultipliers.standard(1));
        return Optimizers.create(spec, steps, backend, parameters, table, Projections.gaussian(1), arena);
    }

    /** modded-nanogpt: 0.85 at the first step, 0.95 after 300. */
    @Test
    void itRisesLinearlyAndStays() {
        MuonSpec spec = muon(MomentumForm.EMA, 0.85, 300);
        assertThat(spec.momentum(1, 1000)).isEqualTo(0.85);
        assertThat(spec.momentum(151, 1000)).isCloseTo(0.9, within(1e-12));
        assertThat(spec.momentum(301, 1000)).isEqualTo(0.95);
        assertThat(spec.momentum(1000, 1000)).isEqualTo(0.95);
        assertThat(muon(MomentumForm.EMA, 0.85, 0).momentum(1, 1000)).isEqualTo(0.95);
    }

    /** modded-nanogpt's get_muon_momentum, whose steps count from 0: towards 0.85 over the last 50 of a run. */
    @Test
    void itFallsLinearlyAtTheEnd() {
        MuonSpec spec = muon(MomentumForm.EMA, 0.85, 300, 50);
        assertThat(spec.momentum(151, 1000)).isCloseTo(0.9, within(1e-12));
        assertThat(spec.momentum(951, 1000)).isEqualTo(0.95);
        assertThat(spec.momentum(952, 1000)).isCloseTo(0.948, within(1e-12));
        assertThat(spec.momentum(976, 1000)).isCloseTo(0.9, within(1e-12));
        assertThat(spec.momentum(1000, 1000)).isCloseTo(0.852, within(1e-12));
        assertThat(spec.momentum(1200, 1000)).isCloseTo(0.85, within(1e-12));
        assertThat(spec.momentum(1000, Long.MAX_VALUE)).isEqualTo(0.95);
    }

    /**
     * By hand, with momenta 0.85, 0.9, 0.95 and a constant gradient g. Sum: g, 1.9 g, 2.805 g; moving average: 0.15 g,
     * 0.235 g, 0.27325 g.
     */
    @ParameterizedTest
    @CsvSource({"SUM, 1, 1.9, 2.805", "EMA, 0.15, 0.235, 0.27325"})
    void theBufferFollowsIt(MomentumForm form, double first, double second, double third) {
        Optimizer optimizer = create(muon(form, 0.85, 2), parameters());
        Tensor buffer = optimizer.state().get("a.weight.momentum_buffer");
        for (double factor : new double[] {first, second, third}) {
            optimizer.step(0.02, 1);
            for (int i = 0; i < GRADIENT.length; i++) {
                assertThat((double) buffer.toFloats()[i]).isCloseTo(factor * GRADIENT[i], within(1e-6));
            }
        }
    }

    /** By hand, a run of five steps with momenta 0.85, 0.95, 0.95, 0.95, 0.9: the sum of a constant gradient. */
    @Test
    void theBufferFollowsItToTheEnd() {
        Optimizer optimizer = create(muon(MomentumForm.SUM, 0.85, 1, 2), 5, parameters());
        Tensor buffer = optimizer.state().get("a.weight.momentum_buffer");
        for (double factor : new double[] {1, 1.95, 2.8525, 3.709875, 4.3388875}) {
            optimizer.step(0.02, 1);
            for (int i = 0; i < GRADIENT.length; i++) {
                assertThat((double) buffer.toFloats()[i]).isCloseTo(factor * GRADIENT[i], within(2e-6));
            }
        }
    }

    /** It follows from the number of updates, which a checkpoint restores. */
    @ParameterizedTest
    @EnumSource(MomentumForm.class)
    void aRestoredOptimizerGoesOnBitForBit(MomentumForm form) {
        OptimizerSpec spec = muon(form, 0.5, 4, 3);
        Parameters whole = parameters();
        Optimizer unbroken = create(spec, 8, whole);
        Parameters cut = parameters();
        Optimizer before = create(spec, 8, cut);
        for (int step = 1; step <= 3; step++) {
            unbroken.step(0.02, 1);
            before.step(0.02, 1);
        }
        Optimizer after = create(spec, 8, cut);
        after.restoreSteps(before.steps());
        before.state().forEach((name, saved) -> after.state().get(name).set(saved.toFloats()));
        List<float[]> weights = new ArrayList<>();
        for (int step = 4; step <= 8; step++) {
            whole.gradients().set(new float[] {step, 1, -step, 2});
            cut.gradients().set(new float[] {step, 1, -step, 2});
            unbroken.step(0.02, 1);
            after.step(0.02, 1);
            weights.add(whole.weights().toFloats());
            assertThat(cut.weights().toFloats()).isEqualTo(whole.weights().toFloats());
        }
        assertThat(weights.get(0)).isNotEqualTo(weights.get(4));
        assertThat(after.stateBytes()).isEqualTo(4L * Float.BYTES);
    }

    @Test
    void settingsOutOfRangeAreRefused() {
        assertThatThrownBy(() -> create(muon(MomentumForm.EMA, 1, 2), parameters()))
                .isInstanceOf(ConfigException.class).hasMessageContaining("momentum_start in [0, 1), found 1.0");
        assertThatThrownBy(() -> create(muon(MomentumForm.EMA, 0.85, -1), parameters()))
                .isInstanceOf(ConfigException.class).hasMessageContaining("momentum_warmup >= 0, found -1");
        assertThatThrownBy(() -> create(muon(MomentumForm.EMA, 0.85, 2, -1), parameters()))
                .isInstanceOf(ConfigException.class).hasMessageContaining("momentum_cooldown >= 0, found -1");
        create(muon(MomentumForm.EMA, 0.85, 2, 3), 5, parameters());
        assertThatThrownBy(() -> create(muon(MomentumForm.EMA, 0.85, 2, 3), 4, parameters()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("momentum_warmup and momentum_cooldown to fit a run of 4 steps, found 2 + 3");
    }
}
