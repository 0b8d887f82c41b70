package org.windtunnel.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.cpu.CpuBackend;
import org.windtunnel.config.Auxiliary;
import org.windtunnel.config.MuonScale;
import org.windtunnel.config.MuonSpec;
import org.windtunnel.config.MuonSpec.FilterScale;
import org.windtunnel.config.MuonSpec.MomentumForm;
import org.windtunnel.config.NewtonSchulzCoefficients;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.OptimizerSpec.Decayed;
import org.windtunnel.config.OptimizerSpec.EpsPlacement;
import org.windtunnel.config.ParameterizationSpec;
import org.windtunnel.config.ParameterizationSpec.DecayRule;
import org.windtunnel.config.ParameterizationSpec.EpsScaling;
import org.windtunnel.config.SphereSpec.Radius;
import org.windtunnel.config.UpdateRule;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Parameters;
import org.windtunnel.nn.ResNetFamily;
import org.windtunnel.nn.ResNetShape;
import org.windtunnel.nn.Role;
import org.windtunnel.scaling.Assignment;
import org.windtunnel.scaling.ParamScaling;
import org.windtunnel.scaling.Parameterizations;
import org.windtunnel.scaling.ScalingTable;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.Rng;

/** What optimizers and parameterizations make of convolutions. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class FilterRulesTest {
    private static final int BASE = 4;
    private static final int WIDTH = 16;

    private final Backend backend = new CpuBackend(1);

    static List<OptimizerSpec> matrixRules() {
        return List.of(OptimizerCases.apollo(2, 2), OptimizerCases.apolloMini(2), OptimizerCases.muon(),
                OptimizerCases.muonH(Radius.CURRENT), OptimizerCases.adamH(Radius.INITIAL));
    }

    /** A filter [out, in, k, k] is the matrix [out, in·k·k]. */
    @ParameterizedTest
    @MethodSource("matrixRules")
    void aFilterIsUpdatedAsTheMatrixOfItsRows(OptimizerSpec optimizer) {
        assertThat(trained(optimizer, 5, 3, 3, 3)).isEqualTo(trained(optimizer, 5, 27));
        assertThat(trained(optimizer, 20, 2, 3, 3)).isEqualTo(trained(optimizer, 20, 18));
    }

    private float[] trained(OptimizerSpec optimizer, int... shape) {
        List<ParamSpec> specs = List.of(new ParamSpec("conv.weight", Role.HIDDEN, shape, 1, shape[0], 0, false));
        try (Arena arena = Arena.of(backend::allocate, backend.floatType())) {
            Parameters parameters = new Parameters(specs, arena);
            ScalingTable table = new ScalingTable(specs, Assignment.of(optimizer, specs),
                    List.of(new ParamScaling(0, 0, 1, 1, 1)), ForwardMultipliers.standard(1));
            Optimizer updates = Optimizers.create(optimizer, backend, parameters, table, Projections.gaussian(1), arena);
            Rng rng = new Rng(1, 2);
            int n = parameters.weights().intSize();
            for (int step = 0; step < 4; step++) {
                float[] values = new float[n];
                for (int i = 0; i < n; i++) {
                    values[i] = (float) rng.gaussian((long) step * n + i);
                }
                if (step == 0) {
                    parameters.weights().set(values);
                } else {
                    parameters.gradients().set(values);
                    updates.step(0.1, 1);
                }
            }
            return parameters.weights().toFloats();
        }
    }

    private static Map<String, ParamScaling> resolve(ParameterizationSpec parameterization, OptimizerSpec optimizer) {
        ScalingTable table = table(parameterization, optimizer);
        Map<String, ParamScaling> rows = new LinkedHashMap<>();
        for (int i = 0; i < table.rows().size(); i++) {
            rows.put(table.specs().get(i).name(), table.rows().get(i));
        }
        return rows;
    }

    private static ScalingTable table(ParameterizationSpec parameterization, OptimizerSpec optimizer) {
        ResNetShape shape = ResNetShape.cifar(20, WIDTH);
        return Parameterizations.resolve(parameterization, optimizer, ResNetFamily.declare(shape),
                ResNetFamily.declare(shape.withWidth(BASE)), 1, 1, shape.blockCount());
    }

    private static ParameterizationSpec mup(double gain) {
        return new ParameterizationSpec.MuP(BASE, 1, gain, 1, false, 1, 1, DecayRule.MUP_LINEAR);
    }

    /** He initialisation over in·k·k inputs; hidden rates fall with the width, the stem's does not. */
    @Test
    void mupUnderAdamW() {
        OptimizerSpec adamw = new OptimizerSpec.AdamW(0.1, 0.9, 0.95, 1e-8, EpsPlacement.AFTER, 0.1, Decayed.MATRICES);
        Map<String, ParamScaling> rows = resolve(mup(Math.sqrt(2)), adamw);
        assertThat(rows.get("conv1.weight").lrMult()).isEqualTo(1);
        assertThat(rows.get("conv1.weight").initStd()).isCloseTo(Math.sqrt(2.0 / 27), within(1e-12));
        assertThat(rows.get("blocks.0.conv1.weight").lrMult()).isEqualTo(0.25);
        assertThat(rows.get("blocks.0.conv1.weight").initStd()).isCloseTo(Math.sqrt(2.0 / (9 * 16)), within(1e-12));
        assertThat(rows.get("blocks.0.conv1.weight").wdMult()).isEqualTo(4);
        assertThat(rows.get("blocks.3.short_conv.weight").lrMult()).isEqualTo(0.25);
        assertThat(rows.get("blocks.3.bn1.weight").lrMult()).isEqualTo(1);
        assertThat(rows.get("fc.weight").lrMult()).isEqualTo(1);
        assertThat(rows.get("fc.bias").lrMult()).isEqualTo(1);
        assertThat(table(mup(1), adamw).forward().readout()).isEqualTo(0.25);
    }

    @Test
    void mupUnderSgd() {
        OptimizerSpec sgd = new OptimizerSpec.Sgd(0.1, 0.9, 0, false, 0, Decayed.ALL);
        Map<String, ParamScaling> rows = resolve(mup(1), sgd);
        assertThat(rows.get("conv1.weight").lrMult()).isEqualTo(4);
        assertThat(rows.get("blocks.4.conv2.weight").lrMult()).isEqualTo(1);
        assertThat(rows.get("blocks.4.bn2.bias").lrMult()).isEqualTo(4);
        assertThat(rows.get("fc.weight").lrMult()).isEqualTo(4);
        assertThat(rows.get("fc.bias").lrMult()).isEqualTo(1);
    }

    /** Whatever the factor on the direction is computed from, a step keeps its operator norm over the width. */
    @ParameterizedTest
    @MethodSource("filterScales")
    void mupUnderMuon(FilterScale of) {
        Auxiliary adamw = new Auxiliary(null, null, null, null, null, null, Decayed.MATRICES);
        OptimizerSpec muon = new MuonSpec(0.02, 0.95, 0.85, 0, MomentumForm.EMA, true, MuonScale.RMS_NORM, of,
                5, NewtonSchulzCoefficients.KELLER_JORDAN, 1e-7, 0, false, false, adamw, Map.of());
        double rate = resolve(mup(1), muon).get("blocks.4.conv2.weight").lrMult();
        double atBase = muon.directionScale(new int[] {2 * BASE, 2 * BASE, 3, 3});
        double atWidth = muon.directionScale(new int[] {2 * WIDTH, 2 * WIDTH, 3, 3});
        assertThat(rate * atWidth).isCloseTo(atBase, within(1e-12));
        assertThat(atWidth).isCloseTo(0.2 * Math.sqrt(of == FilterScale.KERNEL ? 3 : 2 * WIDTH * 9), within(1e-12));
    }

    static List<FilterScale> filterScales() {
        return List.of(FilterScale.values());
    }

    @Test
    void matrixRulesOwnTheFiltersButTheStem() {
        OptimizerSpec muon = OptimizerCases.muon();
        ScalingTable table = table(mup(1), muon);
        for (int i = 0; i < table.rules().size(); i++) {
            String name = table.specs().get(i).name();
            boolean filter = name.startsWith("blocks") && name.contains("conv");
            assertThat(table.rules().get(i)).as(name).isEqualTo(filter ? UpdateRule.MUON : UpdateRule.ADAMW);
        }
    }

    /** CompleteP: branches by the inverse of the depth multiplier, counted in residual blocks. */
    @Test
    void branchesFollowTheDepth() {
        OptimizerSpec adamw = new OptimizerSpec.AdamW(0.1, 0.9, 0.95, 1e-8, EpsPlacement.AFTER, 0, Decayed.MATRICES);
        ParameterizationSpec spec = new ParameterizationSpec.CompleteP(BASE, 3, 1, 1, 1, 1, false, 1, 1,
                DecayRule.MUP_LINEAR, EpsScaling.ALL, 1);
        assertThat(table(spec, adamw).forward().residual()).isCloseTo(3.0 / 9, within(1e-12));
    }

    @AfterAll
    void close() {
        backend.close();
    }
}
