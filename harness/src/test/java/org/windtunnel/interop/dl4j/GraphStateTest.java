package org.windtunnel.interop.dl4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.cpu.CpuBackend;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.OptimizerSpec.Decayed;
import org.windtunnel.config.OptimizerSpec.EpsPlacement;
import org.windtunnel.config.SphereSpec.Radius;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Parameters;
import org.windtunnel.optim.Optimizer;
import org.windtunnel.optim.OptimizerCases;
import org.windtunnel.optim.Optimizers;
import org.windtunnel.optim.Projections;
import org.windtunnel.scaling.Assignment;
import org.windtunnel.scaling.ParamScaling;
import org.windtunnel.scaling.ScalingTable;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/** Shapes and bytes of the optimizers' state for a graph with convolutions, batch norm and dense layers. */
class GraphStateTest {
    /** stem.W, .b, bn.gamma, .beta, conv.W, .b, dense.W, .b, out.W, .b; running statistics have no state. */
    private static final int ALL = 72 + 4 + 4 + 4 + 144 + 4 + 32 + 8 + 24 + 3;
    /** conv.W [4, 4, 3, 3] and dense.W [8, 4]. */
    private static final int HIDDEN = 144 + 32;
    private static final int OTHERS = 2 * (ALL - HIDDEN);

    @TempDir
    Path temp;

    @Test
    void stateIsThatOfTheTrainedParametersAlone() throws IOException {
        OptimizerSpec adamw = new OptimizerSpec.AdamW(0.1, 0.9, 0.95, 1e-8, EpsPlacement.AFTER, 0.1, Decayed.ALL);
        assertState(new OptimizerSpec.Sgd(0.1, 0.9, 0, false, 0, Decayed.ALL), ALL, "conv.W.momentum_buffer 4x4x3x3");
        assertState(OptimizerCases.sgdSai(0.9), ALL + 10, "dense.W.momentum_buffer 8x4");
        assertState(adamw, 2 * ALL, "conv.W.exp_avg 4x4x3x3", "bn.gamma.exp_avg_sq 4", "out.W.exp_avg 3x8");
        assertState(OptimizerCases.muon(), HIDDEN + OTHERS, "conv.W.momentum_buffer 4x4x3x3", "stem.W.exp_avg 4x2x3x3");
        // The smaller side of [4, 36] and [8, 4] at rank 2; the projection, and a norm to limit its growth by.
        assertState(OptimizerCases.apollo(2, 4), 2 * 2 * (36 + 8) + 2 * (4 + 4) + 2 + OTHERS, "conv.W.exp_avg 2x36",
                "dense.W.exp_avg_sq 8x2", "bn.beta.exp_avg 4");
        assertState(OptimizerCases.apolloMini(4), 2 * (36 + 8) + (4 + 4) + 2 + OTHERS, "stem.b.exp_avg 4");
        // A radius for each matrix on a sphere: hidden and readout.
        assertState(OptimizerCases.muonH(Radius.INITIAL), HIDDEN + 3 + OTHERS, "dense.W.momentum_buffer 8x4");
        assertState(OptimizerCases.adamH(Radius.INITIAL), 2 * HIDDEN + 3 + OTHERS, "conv.W.exp_avg_sq 4x4x3x3");
    }

    private void assertState(OptimizerSpec spec, int elements, String... shapes) throws IOException {
        List<ParamSpec> specs = Graphs.RESIDUAL.family(temp, 4).parameters();
        ScalingTable table = new ScalingTable(specs, Assignment.of(spec, specs),
                Collections.nCopies(specs.size(), new ParamScaling(0, 0, 1, 1, 1)), ForwardMultipliers.standard(1));
        try (Backend backend = new CpuBackend(1); Arena arena = Arena.of(backend::allocate, backend.floatType())) {
            Optimizer optimizer = Optimizers.create(
                    spec, backend, new Parameters(specs, arena), table, Projections.gaussian(1), arena);
            Map<String, String> found = new TreeMap<>();
            optimizer.state().forEach((name, state) -> found.put(name, text(state)));
            assertThat(found.entrySet().stream().map(e -> e.getKey() + " " + e.getValue())).contains(shapes);
            assertThat(optimizer.state().values().stream().mapToLong(Tensor::size).sum()).as("%s", found)
                    .isEqualTo(elements);
            assertThat(optimizer.stateBytes()).isEqualTo(4L * elements)
                    .isEqualTo(Optimizers.stateBytes(spec, table, DType.FLOAT32));
        }
    }

    private static String text(Tensor state) {
        StringBuilder text = new StringBuilder();
        for (int size : state.shape()) {
            text.append(text.length() == 0 ? "" : "x").append(size);
        }
        return text.toString();
    }
}
