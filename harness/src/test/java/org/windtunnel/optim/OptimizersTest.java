package org.windtunnel.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.Grouping;
import org.windtunnel.backend.cpu.CpuBackend;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.OptimizerSpec.Decayed;
import org.windtunnel.config.OptimizerSpec.EpsPlacement;
import org.windtunnel.config.OptimizerSpec.SgdSai.Gain;
import org.windtunnel.config.SphereSpec.Radius;
import org.windtunnel.config.UpdateRule;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Parameters;
import org.windtunnel.nn.Role;
import org.windtunnel.scaling.Assignment;
import org.windtunnel.scaling.ParamScaling;
import org.windtunnel.scaling.ScalingTable;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;

class OptimizersTest {
    private static final List<ParamSpec> SPECS = List.of(
            new ParamSpec("a.weight", Role.HIDDEN, new int[] {3, 4}, 4, 3, 0, false),
            new ParamSpec("a.bias", Role.BIAS, new int[] {3}, 4, 3, 0, false),
            new ParamSpec("b.weight", Role.READOUT, new int[] {2, 3}, 3, 2, -1, false));
    private static final int ELEMENTS = 12 + 3 + 6;

    private final Backend backend = new CpuBackend(1);
    private final Arena arena = Arena.of(backend::allocate, backend.floatType());
    private final Parameters parameters = new Parameters(SPECS, arena);

    @AfterEach
    void close() {
        arena.close();
        backend.close();
    }

    private static OptimizerSpec adamw(double decay, Decayed decayed, double eps, EpsPlacement placement) {
        return new OptimizerSpec.AdamW(0.1, 0.9, 0.95, eps, placement, decay, decayed);
    }

    private static OptimizerSpec sgd(double momentum, double decay) {
        return new OptimizerSpec.Sgd(0.1, momentum, 0, false, decay, Decayed.ALL);
    }

    private static ScalingTable table(ParamScaling... rows) {
        return table(SPECS, List.of(rows));
    }

    /** Rules are filled in by {@link #create}, which knows the optimizer. */
    private static ScalingTable table(List<ParamSpec> specs, List<ParamScaling> rows) {
        List<UpdateRule> rules = Collections.nCopies(specs.size(), UpdateRule.SGD);
        return new ScalingTable(specs, rules, rows, ForwardMultipliers.standard(1));
    }

    private static ScalingTable plain() {
        ParamScaling one = new ParamScaling(0, 0, 1, 1, 1);
        return table(one, one, one);
    }

    private static ScalingTable assigned(OptimizerSpec spec, ScalingTable table) {
        return new ScalingTable(table.specs(), Assignment.of(spec, table.specs()), table.rows(), table.forward());
    }

    /** @param refresh steps between projections */
    private static List<OptimizerSpec> everyOptimizer(int refresh) {
        return List.of(sgd(0, 0), sgd(0.9, 0.01), adamw(0.1, Decayed.ALL, 1e-8, EpsPlacement.AFTER),
                OptimizerCases.sgdSai(0.9), OptimizerCases.sgdSai(0), OptimizerCases.apollo(2, refresh),
                OptimizerCases.apolloMini(refresh),
                OptimizerCases.muon(), OptimizerCases.muonH(Radius.CURRENT), OptimizerCases.muonH(Radius.INITIAL),
                OptimizerCases.adamH(Radius.INITIAL));
    }

    private Optimizer create(OptimizerSpec spec, ScalingTable table) {
        return Optimizers.create(spec, backend, parameters, assigned(spec, table), Projections.gaussian(1), arena);
    }

    @Test
    void theLedgerIsWhatWasTakenAndTheClosedFormula() {
        for (OptimizerSpec spec : everyOptimizer(4)) {
            long before = arena.bytes();
            Optimizer optimizer = create(spec, plain());
            ScalingTable table = assigned(spec, plain());
            assertThat(optimizer.stateBytes() + Optimizers.workspaceBytes(spec, table, DType.FLOAT32, Grouping.PROCESSOR))
                    .as("%s", spec)
                    .isEqualTo(arena.bytes() - before);
            assertThat(optimizer.stateBytes()).isEqualTo(Optimizers.stateBytes(spec, table, DType.FLOAT32));
            long named = optimizer.state().values().stream().mapToLong(t -> t.size() * Float.BYTES).sum();
            assertThat(named).isEqualTo(optimizer.stateBytes());
            Arena counting = Arena.counting(DType.FLOAT32);
            Parameters planned = new Parameters(SPECS, counting);
            assertThat(Optimizers.create(spec, null, planned, table, null, counting).stateBytes())
                    .isEqualTo(optimizer.stateBytes());
        }
        assertThat(create(adamw(0, Decayed.ALL, 1e-8, EpsPlacement.AFTER), plain()).state().keySet()).containsExactly(
                "a.weight.exp_avg", "a.bias.exp_avg", "b.weight.exp_avg",
                "a.weight.exp_avg_sq", "a.bias.exp_avg_sq", "b.weight.exp_avg_sq");
        assertThat(create(sgd(0.9, 0), plain()).state()).containsKey("b.weight.momentum_buffer");
    }

    @Test
    void everyParameterIsClaimedExactlyOnce() {
        OptimizerSpec spec = sgd(0, 0);
        ParamScaling one = new ParamScaling(0, 0, 1, 1, 1);
        ScalingTable missing = table(SPECS.subList(0, 2), List.of(one, one));
        List<ParamSpec> doubled = new ArrayList<>(SPECS);
        doubled.add(SPECS.get(0));
        ScalingTable twice = table(doubled, List.of(one, one, one, one));
        List<ParamSpec> more = new ArrayList<>(SPECS);
        more.add(new ParamSpec("c", Role.BIAS, new int[] {1}, 1, 1, 0, false));
        ScalingTable foreign = table(more, List.of(one, one, one, one));
        assertThatThrownBy(() -> create(spec, missing)).hasMessageContaining("b.weight has no row");
        assertThatThrownBy(() -> create(spec, twice)).hasMessageContaining("a.weight has two rows");
        assertThatThrownBy(() -> create(spec, foreign)).hasMessageContaining("[c]");
    }

    @Test
    void ratesAndDecayFollowTheTable() {
        ScalingTable scaled = table(
                new ParamScaling(0, 0, 0.25, 4, 1), new ParamScaling(0, 0, 2, 1, 1), new ParamScaling(0, 0, 1, 0, 1));
        parameters.weights().set(filled(1));
        parameters.gradients().set(filled(1));
        create(sgd(0, 0.5), scaled).step(0.1, 0.5);
        // w - lr·lrMult·(0.5·g + wd·wdMult·w)
        assertThat(parameters.weight("a.weight").toDoubles()).containsOnly((float) (1 - 0.025 * (0.5 + 2)));
        assertThat(parameters.weight("a.bias").toDoubles()).containsOnly((float) (1 - 0.2 * (0.5 + 0.5)));
        assertThat(parameters.weight("b.weight").toDoubles()).containsOnly((float) (1 - 0.1 * 0.5));
    }

    @Test
    void onlyMatricesDecayUnlessAllAreAsked() {
        for (Decayed decayed : Decayed.values()) {
            parameters.weights().set(filled(1));
            parameters.gradients().set(filled(0));
            create(adamw(0.5, decayed, 1e-8, EpsPlacement.AFTER), plain()).step(0.1, 1);
            assertThat(parameters.weight("a.weight").toDoubles()).containsOnly(0.95f);
            assertThat(parameters.weight("a.bias").toDoubles()).containsOnly(decayed == Decayed.ALL ? 0.95f : 1f);
        }
    }

    /** One step from zero state with g = 1: m̂ = v̂ = 1, and eps enters after or before the bias correction. */
    @Test
    void epsilonFollowsTheTableAndItsPlacement() {
        ScalingTable scaled = table(
                new ParamScaling(0, 0, 1, 1, 1), new ParamScaling(0, 0, 1, 1, 0.5), new ParamScaling(0, 0, 1, 1, 0));
        for (EpsPlacement placement : EpsPlacement.values()) {
            parameters.weights().set(filled(0));
            parameters.gradients().set(filled(1));
            create(adamw(0, Decayed.ALL, 0.2, placement), scaled).step(1, 1);
            double correction = placement == EpsPlacement.BEFORE ? 1 / Math.sqrt(0.05) : 1;
            assertThat(parameters.weight("a.weight").toDoubles()[0]).isCloseTo(-1 / (1 + 0.2 * correction), within(1e-6));
            assertThat(parameters.weight("a.bias").toDoubles()[0]).isCloseTo(-1 / (1 + 0.1 * correction), within(1e-6));
            assertThat(parameters.weight("b.weight").toDoubles()[0]).isCloseTo(-1, within(1e-6));
        }
    }

    @Test
    void savedStateContinuesBitForBit() {
        for (OptimizerSpec spec : everyOptimizer(4)) {
            parameters.weights().set(filled(1));
            Optimizer first = create(spec, plain());
            run(first, 0, 3);
            float[] weights = parameters.weights().toFloats();
            Optimizer second = create(spec, plain());
            first.state().forEach((name, tensor) -> second.state().get(name).set(tensor.toFloats()));
            second.restoreSteps(first.steps());
            run(first, 3, 6);
            float[] straight = parameters.weights().toFloats();
            parameters.weights().set(weights);
            run(second, 3, 6);
            assertThat(parameters.weights().toFloats()).isEqualTo(straight);
            assertThat(second.steps()).isEqualTo(6);
        }
    }

    private void run(Optimizer optimizer, int from, int to) {
        for (int t = from; t < to; t++) {
            double[] g = filled(0);
            for (int i = 0; i < g.length; i++) {
                g[i] = Math.sin(t + 3 * i);
            }
            parameters.gradients().set(g);
            optimizer.step(0.1, 1);
        }
    }

    @Test
    void aStepAllocatesNothing() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        for (OptimizerSpec spec : everyOptimizer(1_000_000)) {
            Optimizer optimizer = create(spec, plain());
            long least = Long.MAX_VALUE;
            // The Vector API allocates until its loops are compiled: only the steady state counts.
            for (int round = 0; round < 300 && least > 8000; round++) {
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < 1000; i++) {
                    optimizer.step(1e-3, 1);
                }
                // The measurement itself takes a few hundred bytes; one object a step would be 16000 or more.
                least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
            }
            assertThat(least).as("%s", spec).isLessThan(8000);
        }
    }

    @Test
    void clippingScalesToTheLimit() {
        double[] g = filled(0);
        g[0] = 3;
        g[ELEMENTS - 1] = 4;
        parameters.gradients().set(g);
        double norm = GradClip.norm(backend, parameters.gradients());
        assertThat(norm).isCloseTo(5, within(1e-12));
        assertThat(GradClip.factor(norm, 1)).isCloseTo(0.2, within(1e-6)).isLessThan(0.2);
        assertThat(GradClip.factor(norm, 10)).isEqualTo(1);
        assertThat(GradClip.factor(norm, 0)).isEqualTo(1);
        assertThat(GradClip.factor(Double.NaN, 1)).isNaN();
    }

    @Test
    void impossibleSettingsAreRefused() {
        refused(new OptimizerSpec.Sgd(-1, 0.9, 0, false, 0, Decayed.ALL), "lr >= 0, found -1.0");
        refused(new OptimizerSpec.Sgd(Double.NaN, 0.9, 0, false, 0, Decayed.ALL), "lr >= 0");
        refused(sgd(1, 0), "momentum in [0, 1)");
        refused(sgd(0, -1), "weight_decay >= 0");
        refused(new OptimizerSpec.Sgd(1, 0, 0, true, 0, Decayed.ALL), "with nesterov");
        refused(new OptimizerSpec.AdamW(1, 0.9, 1, 1e-8, EpsPlacement.AFTER, 0, Decayed.ALL), "beta2 in [0, 1)");
        refused(adamw(0, Decayed.ALL, -1, EpsPlacement.AFTER), "eps >= 0");
    }

    /** The gradient of a single number has no deviation that its gain could be measured against. */
    @Test
    void saiMeasuresNoGainOfASingleNumber() {
        List<ParamSpec> specs = List.of(new ParamSpec("temperature", Role.BIAS, new int[] {1}, 1, 1, -1, false));
        Parameters single = new Parameters(specs, arena);
        ScalingTable table = table(specs, List.of(new ParamScaling(0, 0, 1, 1, 1)));
        OptimizerSpec raw = OptimizerCases.sgdSai(0.9);
        assertThatThrownBy(() -> Optimizers.create(raw, backend, single, assigned(raw, table), null, arena))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("found temperature[1]; set gain: sqrt_numel");
        OptimizerSpec root = new OptimizerSpec.SgdSai(0.1, 0, 1e-8, Gain.SQRT_NUMEL, 0, Decayed.ALL);
        single.gradients().set(new float[] {2});
        Optimizers.create(root, backend, single, assigned(root, table), null, arena).step(0.1, 1);
        assertThat(single.weights().toFloats()).containsExactly(-0.2f);
    }

    private void refused(OptimizerSpec spec, String message) {
        assertThatThrownBy(() -> create(spec, plain())).isInstanceOf(ConfigException.class).hasMessageContaining(message);
    }

    private static double[] filled(double value) {
        double[] out = new double[ELEMENTS];
        Arrays.fill(out, value);
        return out;
    }
}
