package org.windtunnel.scaling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.windtunnel.backend.cpu.CpuBackend;
import org.windtunnel.config.Auxiliary;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.MuonScale;
import org.windtunnel.config.MuonSpec;
import org.windtunnel.config.NewtonSchulzCoefficients;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.OptimizerSpec.Decayed;
import org.windtunnel.config.OptimizerSpec.EpsPlacement;
import org.windtunnel.config.ParameterizationSpec;
import org.windtunnel.config.ParameterizationSpec.DecayRule;
import org.windtunnel.config.ParameterizationSpec.EpsScaling;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Parameters;
import org.windtunnel.nn.Role;
import org.windtunnel.tensor.Arena;

class ParameterizationsTest {
    private static final int BASE = 16;
    private static final int VOCAB = 11;

    /** One block of a GPT with separate and packed query projections, to see both. */
    private static List<ParamSpec> model(int width, boolean tied) {
        List<ParamSpec> specs = new ArrayList<>();
        specs.add(spec("wte.weight", Role.EMBEDDING, width, false, VOCAB, width));
        specs.add(spec("ln.weight", Role.NORM_GAIN, width, false, width));
        specs.add(spec("attn.q_proj.weight", Role.HIDDEN, width, false, width, width));
        specs.add(spec("attn.c_attn.weight", Role.HIDDEN, width, false, 3 * width, width));
        specs.add(spec("attn.c_attn.bias", Role.BIAS, width, false, 3 * width));
        specs.add(spec("mlp.c_proj.weight", Role.HIDDEN, 4 * width, true, width, 4 * width));
        specs.add(spec("attn.kv.weight", Role.HIDDEN, width, false, 8, width));
        if (!tied) {
            specs.add(spec("lm_head.weight", Role.READOUT, width, false, VOCAB, width));
            specs.add(spec("lm_head.bias", Role.BIAS, width, false, VOCAB));
        }
        return specs;
    }

    private static ParamSpec spec(String name, Role role, int fanIn, boolean residual, int... shape) {
        return new ParamSpec(name, role, shape, fanIn, shape[0], 0, residual);
    }

    private static OptimizerSpec adam(double lr, Decayed decayed) {
        return new OptimizerSpec.AdamW(lr, 0.9, 0.95, 1e-8, EpsPlacement.AFTER, 0.1, decayed);
    }

    private static OptimizerSpec sgd() {
        return new OptimizerSpec.Sgd(0.1, 0.9, 0, false, 0.1, Decayed.ALL);
    }

    private static ParameterizationSpec mup(DecayRule rule) {
        return new ParameterizationSpec.MuP(BASE, 0.02, 1, 1, false, 3, 2, rule);
    }

    private static ScalingTable resolve(ParameterizationSpec spec, OptimizerSpec optimizer, int width, boolean tied) {
        return Parameterizations.resolve(spec, optimizer, model(width, tied), model(BASE, tied), width / 4, BASE / 4, 2);
    }

    private static ParamScaling row(ScalingTable table, String name) {
        for (int i = 0; i < table.specs().size(); i++) {
            if (table.specs().get(i).name().equals(name)) {
                return table.rows().get(i);
            }
        }
        throw new AssertionError(name);
    }

    @Test
    void standardParameterization() {
        ParameterizationSpec sp = new ParameterizationSpec.Sp(0.02, 1.5, 0.5, true);
        ScalingTable t = resolve(sp, adam(0.1, Decayed.MATRICES), 64, false);
        assertThat(row(t, "wte.weight")).isEqualTo(new ParamScaling(0.02, 0, 1, 1, 1));
        assertThat(row(t, "ln.weight")).isEqualTo(new ParamScaling(0, 1, 1, 0, 1));
        assertThat(row(t, "attn.c_attn.weight").initStd()).isEqualTo(1.5 / 8);
        assertThat(row(t, "mlp.c_proj.weight").initStd()).isCloseTo(1.5 / 16 / 2, within(1e-15));
        assertThat(row(t, "lm_head.weight").initStd()).isEqualTo(0.5 / 8);
        assertThat(t.forward().attention()).isEqualTo(0.25);
        assertThat(t.forward().readout()).isEqualTo(1);
    }

    @Test
    void mupUnderAdamW() {
        ScalingTable t = resolve(mup(DecayRule.MUP_LINEAR), adam(0.1, Decayed.ALL), 64, false);
        for (String hidden : List.of("attn.q_proj.weight", "attn.c_attn.weight", "mlp.c_proj.weight", "attn.kv.weight")) {
            assertThat(row(t, hidden).lrMult()).isEqualTo(0.25);
            assertThat(row(t, hidden).wdMult()).isEqualTo(4);
        }
        for (String vector : List.of("wte.weight", "ln.weight", "attn.c_attn.bias", "lm_head.weight", "lm_head.bias")) {
            assertThat(row(t, vector).lrMult()).isEqualTo(1);
            assertThat(row(t, vector).wdMult()).isEqualTo(1);
        }
        assertThat(row(t, "mlp.c_proj.weight").initStd()).isEqualTo(1.0 / 16);
        assertThat(row(t, "lm_head.weight").initStd()).isEqualTo(1 / Math.sqrt(BASE));
        assertThat(row(t, "wte.weight").initStd()).isEqualTo(0.02);
        assertThat(t.forward().embedding()).isEqualTo(3);
        assertThat(t.forward().readout()).isEqualTo(2.0 / 4);
        assertThat(t.forward().attention()).isEqualTo(2.0 / 16);
    }

    @Test
    void mupUnderSgd() {
        ScalingTable t = resolve(mup(DecayRule.MUP_LINEAR), sgd(), 64, false);
        assertThat(row(t, "mlp.c_proj.weight").lrMult()).isEqualTo(1);
        // Its eight outputs do not grow: an output weight without multiplier, rate 1/fan_in in table 3.
        assertThat(row(t, "attn.kv.weight").lrMult()).isEqualTo(0.25);
        for (String vector : List.of("wte.weight", "ln.weight", "attn.c_attn.bias", "lm_head.weight")) {
            assertThat(row(t, vector).lrMult()).isEqualTo(4);
            assertThat(row(t, vector).wdMult()).isEqualTo(0.25);
        }
        assertThat(row(t, "lm_head.bias").lrMult()).isEqualTo(1);
    }

    @Test
    void atBaseWidthMupIsStandard() {
        ParameterizationSpec mup = new ParameterizationSpec.MuP(BASE, 0.02, 1, 1, false, 1, 1, DecayRule.MUP_LINEAR);
        ParameterizationSpec sp = new ParameterizationSpec.Sp(0.02, 1, 1, false);
        for (OptimizerSpec optimizer : List.of(adam(0.1, Decayed.MATRICES), sgd())) {
            assertThat(resolve(mup, optimizer, BASE, false).rows()).isEqualTo(resolve(sp, optimizer, BASE, false).rows());
            assertThat(resolve(mup, optimizer, BASE, false).forward()).isEqualTo(resolve(sp, optimizer, BASE, false).forward());
        }
    }

    @Test
    void decayRulesKeepTheirInvariant() {
        OptimizerSpec adam = adam(0.05, Decayed.MATRICES);
        ParamScaling fixed = row(resolve(mup(DecayRule.FIXED), adam, 64, false), "mlp.c_proj.weight");
        assertThat(fixed.wdMult()).isEqualTo(1);
        ScalingTable sqrt = resolve(mup(DecayRule.SQRT), adam, 64, false);
        assertThat(row(sqrt, "mlp.c_proj.weight").wdMult()).isEqualTo(2);
        assertThat(row(sqrt, "wte.weight").wdMult()).isZero();
        assertThat(row(sqrt, "lm_head.weight").wdMult()).isZero();
        ScalingTable independent = resolve(mup(DecayRule.INDEPENDENT), adam, 64, false);
        for (String decayed : List.of("mlp.c_proj.weight", "wte.weight")) {
            ParamScaling r = row(independent, decayed);
            assertThat(0.05 * r.lrMult() * r.wdMult()).isCloseTo(1, within(1e-15));
        }
        ScalingTable inverse = resolve(mup(DecayRule.INVERSE), muon(MuonScale.SPECTRAL_NORM), 64, false);
        assertThat(row(inverse, "mlp.c_proj.weight").wdMult()).isEqualTo(0.25);
        assertThat(row(inverse, "mlp.c_proj.weight").lrMult()).isEqualTo(1);
        assertThat(row(inverse, "wte.weight").wdMult()).isEqualTo(1);
        for (DecayRule rule : DecayRule.values()) {
            OptimizerSpec optimizer = rule == DecayRule.INVERSE ? muon(MuonScale.NONE, Decayed.MATRICES) : adam;
            assertThat(row(resolve(mup(rule), optimizer, 64, false), "attn.c_attn.bias").wdMult()).isZero();
        }
    }

    /** mup's MuSharedReadout: the table stays an input weight, its use as readout is multiplied. */
    @Test
    void aTiedReadoutIsMultipliedByTheTablesWidth() {
        ScalingTable t = resolve(mup(DecayRule.MUP_LINEAR), adam(0.1, Decayed.ALL), 64, true);
        assertThat(t.forward().readout()).isEqualTo(0.5);
        assertThat(row(t, "wte.weight")).isEqualTo(new ParamScaling(0.02, 0, 1, 1, 1));
    }

    @Test
    void queriesCanStartAtZero() {
        ParameterizationSpec spec = new ParameterizationSpec.MuP(BASE, 0.02, 1, 0, true, 1, 1, DecayRule.FIXED);
        ScalingTable t = resolve(spec, sgd(), 32, false);
        try (CpuBackend backend = new CpuBackend(1);
                Arena arena = Arena.of(backend::allocate, backend.floatType())) {
            Parameters p = new Parameters(t.specs(), arena);
            t.initialize(p, 7);
            assertThat(p.weight("attn.q_proj.weight").toDoubles()).containsOnly(0);
            double[] packed = p.weight("attn.c_attn.weight").toDoubles();
            assertThat(Arrays.copyOf(packed, 32 * 32)).containsOnly(0);
            double[] keysAndValues = Arrays.copyOfRange(packed, 32 * 32, packed.length);
            assertThat(rms(keysAndValues)).isCloseTo(1 / Math.sqrt(32), within(0.01));
            assertThat(p.weight("lm_head.weight").toDoubles()).containsOnly(0);
            assertThat(p.weight("ln.weight").toDoubles()).containsOnly(1);
            Parameters others = new Parameters(t.specs().subList(0, 2), arena);
            assertThatThrownBy(() -> t.initialize(others, 7)).hasMessageContaining("other parameters");
        }
        List<ParamSpec> noQuery = t.specs().subList(0, 2);
        refused(() -> Parameterizations.resolve(spec, sgd(), noQuery, noQuery, 4, 4, 1), "no query projection");
    }

    /** Block parameters follow depth; tables, final norm and readout do not. */
    @Test
    void depthScalesBranchesAndTheRatesInsideBlocks() {
        ScalingTable depth = at(new ParameterizationSpec.DepthMuP(
                BASE, 2, 0.02, 1, 1, false, 1, 1, DecayRule.MUP_LINEAR, EpsScaling.NONE, 1), adam(0.1, Decayed.ALL));
        assertThat(depth.forward().residual()).isEqualTo(0.5);
        assertThat(row(depth, "mlp.c_proj.weight").lrMult()).isEqualTo(0.25 * 0.5);
        assertThat(row(depth, "mlp.c_proj.weight").wdMult()).isEqualTo(4);
        assertThat(row(depth, "ln.weight").lrMult()).isEqualTo(0.5);
        assertThat(row(depth, "ln_f.weight").lrMult()).isEqualTo(1);
        assertThat(depth.rows()).allMatch(r -> r.epsMult() == 1);
        ScalingTable complete = at(completeP(1, EpsScaling.ALL), adam(0.1, Decayed.ALL));
        assertThat(complete.forward().residual()).isEqualTo(0.25);
        assertThat(row(complete, "mlp.c_proj.weight").lrMult()).isEqualTo(0.25);
        assertThat(row(complete, "ln.weight").lrMult()).isEqualTo(1);
        assertThat(complete.rows()).allMatch(r -> r.epsMult() == 1.0 / 16);
        ScalingTable paper = at(completeP(1, EpsScaling.BLOCKS), adam(0.1, Decayed.ALL));
        assertThat(row(paper, "ln.weight").epsMult()).isEqualTo(1.0 / 16);
        assertThat(row(paper, "ln_f.weight").epsMult()).isEqualTo(1.0 / 4);
    }

    /** SGD's gradient shrinks with the branch multiplier: rate x multiplier² must be 1/mL for every alpha. */
    @Test
    void underSgdABlockStillMovesTheStreamByOneOverDepth() {
        for (double alpha : List.of(0.5, 0.75, 1.0)) {
            ScalingTable t = at(completeP(alpha, EpsScaling.NONE), sgd());
            double branch = t.forward().residual();
            assertThat(row(t, "mlp.c_proj.weight").lrMult() * branch * branch).isCloseTo(0.25, within(1e-15));
            ScalingTable adam = at(completeP(alpha, EpsScaling.NONE), adam(0.1, Decayed.ALL));
            assertThat(4 * row(adam, "mlp.c_proj.weight").lrMult() * branch).isCloseTo(0.25, within(1e-15));
        }
    }

    /** Rate times scale is the operator norm of Muon's step, which must follow sqrt(out/in) whatever the scale. */
    @Test
    void muonsStepKeepsItsOperatorNormUnderEveryScale() {
        for (MuonScale scale : MuonScale.values()) {
            ScalingTable t = resolve(mup(DecayRule.FIXED), muon(scale), 64, false);
            assertThat(row(t, "wte.weight").lrMult()).isEqualTo(1);
            double wide = row(t, "mlp.c_proj.weight").lrMult() * scale.of(64, 256);
            assertThat(wide).isCloseTo(scale.of(BASE, 4 * BASE), within(1e-12));
            double narrow = row(t, "attn.kv.weight").lrMult() * scale.of(8, 64);
            assertThat(narrow).isCloseTo(scale.of(8, BASE) / 2, within(1e-12));
        }
        double moonlight = row(resolve(mup(DecayRule.FIXED), muon(MuonScale.RMS_NORM), 64, false), "mlp.c_proj.weight")
                .lrMult();
        assertThat(moonlight).isCloseTo(0.5, within(1e-12));
    }

    private static OptimizerSpec muon(MuonScale scale) {
        return muon(scale, Decayed.ALL);
    }

    private static OptimizerSpec muon(MuonScale scale, Decayed others) {
        return new MuonSpec(0.02, 0.95, 0.85, 0, MuonSpec.MomentumForm.SUM, true, scale,
                MuonSpec.FilterScale.FLAT, 5, NewtonSchulzCoefficients.KELLER_JORDAN, 1e-7, 0, false, true,
                new Auxiliary(null, null, null, null, null, 0.0, others), Map.of());
    }

    private static ParameterizationSpec completeP(double alpha, EpsScaling eps) {
        return new ParameterizationSpec.CompleteP(
                BASE, 2, alpha, 0.02, 1, 1, false, 1, 1, DecayRule.MUP_LINEAR, eps, 1);
    }

    /** Four times as wide and as deep as the base, with a norm after the blocks. */
    private static ScalingTable at(ParameterizationSpec spec, OptimizerSpec optimizer) {
        List<ParamSpec> wide = new ArrayList<>(model(64, false));
        List<ParamSpec> base = new ArrayList<>(model(BASE, false));
        wide.add(new ParamSpec("ln_f.weight", Role.NORM_GAIN, new int[] {64}, 64, 64, -1, false));
        base.add(new ParamSpec("ln_f.weight", Role.NORM_GAIN, new int[] {BASE}, BASE, BASE, -1, false));
        return Parameterizations.resolve(spec, optimizer, wide, base, 16, 4, 8);
    }

    @Test
    void theTableIsPrintable() {
        OptimizerSpec adamw = adam(0.1, Decayed.MATRICES);
        ScalingTable t = resolve(mup(DecayRule.MUP_LINEAR), adamw, 64, false);
        assertThat(t.cells(adamw)).allMatch(r -> r.size() == ScalingTable.HEADER.size());
        assertThat(t.cells(adamw).get(5))
                .containsExactly(
                        "mlp.c_proj.weight", "hidden", "adamw", "64 x 256", "256", "N(0, 0.0625)", "0.25", "0.025", "4",
                        "1");
        assertThat(t.cells(adamw).get(1)).containsExactly("ln.weight", "norm_gain", "adamw", "64", "64", "1", "1", "0.1", "0",
                "1");
        assertThat(t.forwardCells()).contains(List.of("readout input x", "0.5"));
    }

    @Test
    void impossibleSettingsAreRefused() {
        refused(() -> resolve(mup(DecayRule.SQRT), sgd(), 64, false), "decoupled decay");
        refused(() -> resolve(mup(DecayRule.INVERSE), adam(0.1, Decayed.ALL), 64, false), "published for muon");
        refused(() -> resolve(mup(DecayRule.INDEPENDENT), adam(0, Decayed.ALL), 64, false), "optimizer.lr > 0");
        refused(() -> resolve(new ParameterizationSpec.Sp(-1, 1, 1, false), sgd(), 64, false), "embedding_std >= 0");
        refused(() -> resolve(new ParameterizationSpec.MuP(BASE, 0.02, Double.NaN, 0, false, 1, 1, DecayRule.FIXED),
                sgd(), 64, false), "hidden_gain >= 0");
        List<ParamSpec> small = model(BASE, false);
        refused(() -> Parameterizations.resolve(mup(DecayRule.FIXED), sgd(), small, small.subList(0, 3), 4, 4, 1),
                "no such parameter");
        refused(() -> Parameterizations.resolve(mup(DecayRule.FIXED), sgd(), small.subList(0, 3), small, 4, 4, 1),
                "declares parameters that this model has not");
        List<ParamSpec> wide = List.of(spec("wte.weight", Role.EMBEDDING, 64, false, VOCAB + 1, 64));
        refused(() -> Parameterizations.resolve(mup(DecayRule.FIXED), sgd(), wide, small.subList(0, 1), 4, 4, 1),
                "as many rows");
        List<ParamSpec> conv = List.of(spec("c", Role.HIDDEN, 64, false, 8, 8, 3, 3));
        List<ParamSpec> pointwise = List.of(spec("c", Role.HIDDEN, 64, false, 8, 8, 1, 1));
        refused(() -> Parameterizations.resolve(mup(DecayRule.FIXED), sgd(), conv, pointwise, 4, 4, 1), "in width only");
    }

    private static double rms(double[] x) {
        return Math.sqrt(Arrays.stream(x).map(v -> v * v).average().orElseThrow());
    }

    private static void refused(ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(ConfigException.class).hasMessageContaining(message);
    }
}
