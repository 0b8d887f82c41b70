package org.windtunnel.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.windtunnel.config.Auxiliary;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.MuonScale;
import org.windtunnel.config.MuonSpec;
import org.windtunnel.config.MuonSpec.FilterScale;
import org.windtunnel.config.MuonSpec.MomentumForm;
import org.windtunnel.config.NewtonSchulzCoefficients;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.OptimizerSpec.Decayed;
import org.windtunnel.config.ParameterizationSpec.DecayRule;
import org.windtunnel.config.SphereSpec;
import org.windtunnel.config.SphereSpec.Radius;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Parameters;
import org.windtunnel.scaling.ScalingTable;
import org.windtunnel.tensor.DType;

/** Rates of their own for what Muon and MuonH leave to Adam, as in Keller Jordan's nanoGPT example. */
class AuxiliaryRatesTest extends SmallModel {
    private static final double LR = 0.05;
    private static final Auxiliary KELLER_JORDAN =
            new Auxiliary(3e-4, 0.8, 0.95, 1e-10, null, 0.1, Decayed.MATRICES, 0.6, 0.22, 0.04);

    private static OptimizerSpec muon(double lr, Auxiliary adamw) {
        return new MuonSpec(lr, 0.95, 0.85, 0, MomentumForm.EMA, true, MuonScale.CLIP_NORM, FilterScale.FLAT,
                5, NewtonSchulzCoefficients.KELLER_JORDAN, 1e-7, 0, false, false, adamw, Map.of());
    }

    private static OptimizerSpec muonH(Auxiliary adamw) {
        return new SphereSpec.MuonH(
                LR, 0.95, true, 5, NewtonSchulzCoefficients.DION, 1e-8, Radius.INITIAL, 0, adamw, Map.of());
    }

    private static Auxiliary one(Double lr) {
        return new Auxiliary(lr, null, null, null, null, null, Decayed.MATRICES);
    }

    private static Auxiliary own(Double embedding, Double readout, Double vector) {
        return new Auxiliary(null, null, null, null, null, null, Decayed.MATRICES, embedding, readout, vector);
    }

    /**
     * By hand, gradients 1 and -0.5, betas 0.8 and 0.95: directions 1 and (0.06 / 0.36) / sqrt(0.06 / 0.0975) =
     * 0.212459; the schedule halves every rate for the second step.
     */
    @Test
    void everyGroupMovesAtItsOwnRate() {
        Parameters parameters = parameters(0.5f);
        Optimizer optimizer = create(muon(LR, KELLER_JORDAN), parameters);
        fill(parameters.gradients(), 1);
        optimizer.step(LR, 1);
        fill(parameters.gradients(), -0.5f);
        optimizer.step(LR / 2, 1);
        Map<String, Double> rates = Map.of(
                "wte.weight", 0.6, "lm_head.weight", 0.22, "ln.weight", 0.04, "h.bias", 0.04, "conv1.weight", 3e-4);
        rates.forEach((name, lr) -> {
            double decay = name.equals("ln.weight") || name.equals("h.bias") ? 0 : 0.1;
            double first = 0.5 * (1 - lr * decay) - lr;
            double second = first * (1 - lr / 2 * decay) - lr / 2 * 0.212459;
            for (float w : parameters.weight(name).toFloats()) {
                assertThat((double) w).as(name).isCloseTo(second, within(2e-6));
            }
        });
    }

    /** The readout is AdamH's there: as at a common rate of that value, while the rest moves at the main rate. */
    @Test
    void muonHsReadoutTakesItsRateToo() {
        assertThat(trained(muonH(own(null, 0.2, null)), "lm_head.weight"))
                .isEqualTo(trained(muonH(one(0.2)), "lm_head.weight"))
                .isNotEqualTo(trained(muonH(one(null)), "lm_head.weight"));
        for (String other : List.of("wte.weight", "h.weight", "ln.weight", "conv1.weight")) {
            assertThat(trained(muonH(own(null, 0.2, null)), other)).isEqualTo(trained(muonH(one(null)), other));
        }
    }

    private float[] trained(OptimizerSpec spec, String name) {
        Parameters parameters = parameters(0.5f);
        Optimizer optimizer = create(spec, parameters);
        for (int step = 1; step <= 3; step++) {
            gradients(parameters, step);
            optimizer.step(LR, 1);
        }
        return parameters.weight(name).toFloats();
    }

    @Test
    void ratesCostNoStateAndARestoredOptimizerGoesOnBitForBit() {
        OptimizerSpec spec = muon(LR, KELLER_JORDAN);
        Optimizer after = goesOnBitForBit(spec, LR);
        // Muon 1 an element of h.weight, AdamW 2 of the others.
        long elements = 16 + 2 * (12 + 4 + 4 + 12 + 12);
        assertThat(after.stateBytes()).isEqualTo(elements * Float.BYTES)
                .isEqualTo(Optimizers.stateBytes(spec, standard(spec, model(WIDTH)), DType.FLOAT32));
    }

    /** Independent decay keeps the product of each parameter's own rate and decay over the width. */
    @Test
    void independentDecayDividesByTheGroupsRate() {
        ScalingTable table = mup(muon(LR, KELLER_JORDAN), DecayRule.INDEPENDENT, 4 * WIDTH);
        double[] rates = {0.6, LR, 0, 0, 3e-4, 0.22};
        for (int i : new int[] {0, 1, 4, 5}) {
            double product = rates[i] * table.rows().get(i).lrMult() * table.rows().get(i).wdMult();
            assertThat(product).as(table.specs().get(i).name()).isCloseTo(1, within(1e-12));
        }
        assertThatThrownBy(() -> mup(muon(LR, own(0.0, null, null)), DecayRule.INDEPENDENT, WIDTH))
                .isInstanceOf(ConfigException.class).hasMessageContaining("found 0.0 for wte.weight");
    }

    @Test
    void theTableShowsThem() {
        OptimizerSpec spec = muon(LR, KELLER_JORDAN);
        int column = ScalingTable.HEADER.indexOf("peak lr");
        assertThat(mup(spec, DecayRule.FIXED, 4 * WIDTH).cells(spec)).extracting(row -> row.get(column))
                .containsExactly("0.6", "0.05", "0.04", "0.04", "3.000e-04", "0.22");
        OptimizerSpec adamw = muon(LR, one(null));
        assertThat(standard(adamw, model(WIDTH)).cells(adamw)).extracting(row -> row.get(column)).containsOnly("0.05");
    }

    @Test
    void impossibleRatesAreRefused() {
        refused(() -> create(muon(LR, own(-1.0, null, null)), parameters(1)), "adamw.embedding_lr >= 0, found -1.0");
        refused(() -> create(muon(LR, own(null, null, Double.POSITIVE_INFINITY)), parameters(1)),
                "adamw.vector_lr >= 0");
        refused(() -> create(muon(0, own(null, 0.2, null)), parameters(1)),
                "lr > 0 beside adamw.readout_lr 0.2, found 0");
        refused(() -> create(muon(0, own(0.0, 0.0, 0.1)), parameters(1)), "lr > 0 beside adamw.vector_lr 0.1");
    }

    /** A rate that nothing has: of a tied readout, or of one that the main rule updates. */
    @Test
    void unusedRatesAreRefused() {
        List<ParamSpec> tied = model(WIDTH).subList(0, 5);
        refused(() -> standard(muon(LR, own(null, 0.2, null)), tied), "readout_lr 0.2 is the rate of no parameter");
        OptimizerSpec adamH =
                new SphereSpec.AdamH(LR, 0.9, 0.95, 1e-8, Radius.CURRENT, 0, own(null, 0.2, null), Map.of());
        refused(() -> standard(adamH, model(WIDTH)), "expected a readout that adamh does not update");
    }
}
