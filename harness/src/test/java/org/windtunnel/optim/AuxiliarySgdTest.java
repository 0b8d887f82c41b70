package org.windtunnel.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.windtunnel.config.Auxiliary;
import org.windtunnel.config.AuxiliarySgd;
import org.windtunnel.config.MuonScale;
import org.windtunnel.config.MuonSpec;
import org.windtunnel.config.MuonSpec.FilterScale;
import org.windtunnel.config.MuonSpec.MomentumForm;
import org.windtunnel.config.NewtonSchulzCoefficients;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.OptimizerSpec.Decayed;
import org.windtunnel.config.ParameterizationSpec;
import org.windtunnel.config.ParameterizationSpec.DecayRule;
import org.windtunnel.config.UpdateRule;
import org.windtunnel.nn.Parameters;
import org.windtunnel.scaling.Compatibility;
import org.windtunnel.scaling.ScalingTable;
import org.windtunnel.tensor.DType;

/** SGD with Nesterov momentum for what Muon leaves over, as in cifar10-airbench. */
class AuxiliarySgdTest extends SmallModel {
    private static final double LR = 0.24;
    private static final AuxiliarySgd AIRBENCH = new AuxiliarySgd(0.2, 0.85, true, 0.1, Decayed.MATRICES);

    private static OptimizerSpec muon(double lr, AuxiliarySgd sgd, Map<String, UpdateRule> assign) {
        return new MuonSpec(lr, 0.6, 0.85, 0, 0, MomentumForm.SUM, true, MuonScale.NONE, FilterScale.FLAT, 3,
                NewtonSchulzCoefficients.KELLER_JORDAN, 1e-7, 0, false, true,
                new Auxiliary(null, null, null, null, null, null, Decayed.MATRICES), assign, sgd);
    }

    private static OptimizerSpec muon(AuxiliarySgd sgd) {
        return muon(LR, sgd, Map.of());
    }

    /**
     * By hand, gradients 1 and -0.5 at rates 0.2 and 0.1. Vectors: u = 1.85, w = 0.13, then b = 0.85 - 0.5 = 0.35,
     * u = -0.5 + 0.85 * 0.35 = -0.2025. Matrices with d = g + 0.1 w: u = 1.05 * 1.85, w = 0.1115, then d = -0.48885,
     * b = 0.40365, u = -0.1457475.
     */
    @Test
    void whatMuonLeavesMovesByNesterovMomentum() {
        Parameters parameters = parameters(0.5f);
        Optimizer optimizer = create(muon(AIRBENCH), parameters);
        fill(parameters.gradients(), 1);
        optimizer.step(LR, 1);
        fill(parameters.gradients(), -0.5f);
        optimizer.step(LR / 2, 1);
        Map<String, Double> expected = Map.of("wte.weight", 0.12607475, "lm_head.weight", 0.12607475, "conv1.weight",
                0.12607475, "ln.weight", 0.15025, "h.bias", 0.15025);
        expected.forEach((name, value) -> {
            for (float w : parameters.weight(name).toFloats()) {
                assertThat((double) w).as(name).isCloseTo(value, within(1e-6));
            }
        });
        Parameters beside = parameters(0.5f);
        Optimizer others = create(muon(new AuxiliarySgd(3.0, 0, false, 0, Decayed.ALL)), beside);
        fill(beside.gradients(), 1);
        others.step(LR, 1);
        fill(beside.gradients(), -0.5f);
        others.step(LR / 2, 1);
        assertThat(beside.weight("h.weight").toFloats()).isEqualTo(parameters.weight("h.weight").toFloats());
    }

    @Test
    void itsStateIsOneElementAParameterOrNone() {
        for (boolean momentum : new boolean[] {true, false}) {
            OptimizerSpec spec = muon(new AuxiliarySgd(null, momentum ? 0.85 : 0, momentum, 0, Decayed.ALL));
            long elements = 16 + (momentum ? 12 + 4 + 4 + 12 + 12 : 0);
            assertThat(create(spec, parameters(0.5f)).stateBytes()).isEqualTo(elements * Float.BYTES)
                    .isEqualTo(Optimizers.stateBytes(spec, standard(spec, model(WIDTH)), DType.FLOAT32));
            assertThat(Optimizers.bytesMoved(spec, standard(spec, model(WIDTH)), DType.FLOAT32)).isEmpty();
        }
    }

    @Test
    void aRestoredOptimizerGoesOnBitForBit() {
        goesOnBitForBit(muon(AIRBENCH), LR);
    }

    /** Under muP everything but Muon's matrices follows SGD's rules, which no one has published beside Muon. */
    @Test
    void underMupItScalesAsSgd() {
        OptimizerSpec spec = muon(AIRBENCH);
        ScalingTable table = mup(spec, DecayRule.FIXED, 4 * WIDTH);
        assertThat(table.rules()).containsExactly(UpdateRule.SGD, UpdateRule.MUON, UpdateRule.SGD, UpdateRule.SGD,
                UpdateRule.SGD, UpdateRule.SGD);
        int column = ScalingTable.HEADER.indexOf("peak lr");
        assertThat(table.cells(spec)).extracting(row -> row.get(column))
                .containsExactly("0.8", "0.24", "0.8", "0.8", "0.8", "0.8");
        ParameterizationSpec mup = new ParameterizationSpec.MuP(WIDTH, 0.02, 1, 1, false, 1, 1, DecayRule.FIXED);
        assertThat(Compatibility.cell(mup, spec)).isEqualTo(Compatibility.Cell.DERIVED);
        assertThat(Compatibility.cell(mup, OptimizerCases.muon())).isEqualTo(Compatibility.Cell.SUPPORTED);
        assertThat(Compatibility.cell(new ParameterizationSpec.Sp(0.02, 1, 1, false), spec))
                .isEqualTo(Compatibility.Cell.SUPPORTED);
        refused(() -> mup(spec, DecayRule.INDEPENDENT, WIDTH), "found SGD with coupled decay");
    }

    @Test
    void patternsMayNameItAndNothingElse() {
        assertThat(standard(muon(LR, AIRBENCH, Map.of("h.weight", UpdateRule.SGD)), model(WIDTH)).rules())
                .containsOnly(UpdateRule.SGD);
        refused(() -> standard(muon(LR, AIRBENCH, Map.of("wte.*", UpdateRule.ADAMW)), model(WIDTH)),
                "expected one of [muon, sgd] with this optimizer, found adamw");
    }

    @Test
    void impossibleSettingsAreRefused() {
        refused(() -> create(muon(new AuxiliarySgd(0.2, 1, true, 0, Decayed.ALL)), parameters(0.5f)),
                "sgd.momentum in [0, 1), found 1.0");
        refused(() -> create(muon(new AuxiliarySgd(0.2, 0, true, 0, Decayed.ALL)), parameters(0.5f)),
                "sgd.momentum > 0 and dampening 0 with nesterov");
        refused(() -> create(muon(new AuxiliarySgd(0.2, 0.5, true, -1, Decayed.ALL)), parameters(0.5f)),
                "sgd.weight_decay >= 0, found -1.0");
        refused(() -> create(muon(0, AIRBENCH, Map.of()), parameters(0.5f)), "lr > 0 beside sgd.lr 0.2, found 0");
        refused(() -> new MuonSpec(LR, 0.6, 0.85, 0, 0, MomentumForm.SUM, true, MuonScale.NONE, FilterScale.FLAT,
                3, NewtonSchulzCoefficients.KELLER_JORDAN, 1e-7, 0, false, true,
                new Auxiliary(0.1, null, null, null, null, null, Decayed.MATRICES), Map.of(), AIRBENCH),
                "expected adamw or sgd");
    }
}
