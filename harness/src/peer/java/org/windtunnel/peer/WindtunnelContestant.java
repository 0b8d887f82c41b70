package org.windtunnel.peer;

import java.util.List;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.registry.Backends;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.OptimizerSpec.Decayed;
import org.windtunnel.config.OptimizerSpec.EpsPlacement;
import org.windtunnel.config.RuntimeSpec;
import org.windtunnel.config.RuntimeSpec.BackendName;
import org.windtunnel.config.RuntimeSpec.Precision;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Transformer;
import org.windtunnel.nn.TransformerFamily;
import org.windtunnel.optim.Optimizer;
import org.windtunnel.optim.Optimizers;
import org.windtunnel.optim.Projections;
import org.windtunnel.scaling.Assignment;
import org.windtunnel.scaling.ParamScaling;
import org.windtunnel.scaling.ScalingTable;
import org.windtunnel.tensor.Arena;

/** The model here, on the cpu backend with whichever BLAS the JVM was started for. */
final class WindtunnelContestant implements Contestant {
    private final Backend backend;
    private final Arena arena;
    private final Transformer model;
    private final Optimizer optimizer;
    private final double gradScale;
    private final double[] sums = new double[3];

    WindtunnelContestant(Workload workload, int threads) {
        backend = Backends.open(new RuntimeSpec(BackendName.CPU, threads, Precision.FP32));
        arena = Arena.of(backend::allocate, backend.floatType());
        ForwardMultipliers multipliers = ForwardMultipliers.standard(workload.headDim());
        model = new Transformer(backend, workload.shape(), multipliers, workload.batch(), arena);
        List<ParamSpec> specs = TransformerFamily.declare(workload.shape());
        for (ParamSpec spec : specs) {
            model.parameters().weight(spec.name()).set(Workload.initial(spec));
        }
        List<ParamScaling> plain = specs.stream().map(spec -> new ParamScaling(0, 0, 1, 1, 1)).toList();
        OptimizerSpec adamw = new OptimizerSpec.AdamW(Workload.LEARNING_RATE, Workload.BETA1, Workload.BETA2,
                Workload.EPS, EpsPlacement.BEFORE, Workload.WEIGHT_DECAY, Decayed.ALL);
        ScalingTable table = new ScalingTable(specs, Assignment.of(adamw, specs), plain, multipliers);
        optimizer = Optimizers.create(adamw, backend, model.parameters(), table, Projections.gaussian(0), arena);
        gradScale = 1.0 / workload.rows();
    }

    @Override
    public String describe() {
        return String.join(", ", backend.describe().values());
    }

    @Override
    public double step(int[] inputs, int[] targets) {
        model.inputs().set(inputs);
        model.targets().set(targets);
        model.forwardBackward(gradScale, 0, false, sums);
        optimizer.step(Workload.LEARNING_RATE, 1);
        return sums[0] * gradScale;
    }

    @Override
    public void close() {
        arena.close();
        backend.close();
    }
}
