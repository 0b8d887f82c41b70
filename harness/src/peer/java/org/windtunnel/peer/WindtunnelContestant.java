package org.windtunnel.peer;

import java.util.List;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.registry.Backends;
import org.windtunnel.config.RuntimeSpec;
import org.windtunnel.config.RuntimeSpec.BackendName;
import org.windtunnel.config.RuntimeSpec.Precision;
import org.windtunnel.nn.Model;
import org.windtunnel.nn.ParamSpec;
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
    private final Model model;
    private final Optimizer optimizer;
    private final double lr;
    private final double gradScale;
    private final double[] sums = new double[3];

    WindtunnelContestant(Workload workload, int threads) {
        backend = Backends.open(new RuntimeSpec(BackendName.CPU, threads, Precision.FP32));
        arena = Arena.of(backend::allocate, backend.storagePolicy());
        model = workload.model(backend, arena);
        List<ParamSpec> specs = model.parameters().specs();
        for (ParamSpec spec : specs) {
            model.parameters().weight(spec.name()).set(workload.initial(spec));
        }
        List<ParamScaling> plain = specs.stream().map(spec -> new ParamScaling(0, 0, 1, 1, 1)).toList();
        ScalingTable table = new ScalingTable(
                specs, Assignment.of(workload.optimizer(), specs), plain, workload.multipliers());
        optimizer = Optimizers.create(
                workload.optimizer(), backend, model.parameters(), table, Projections.gaussian(0), arena);
        lr = workload.optimizer().lr();
        gradScale = 1.0 / workload.rows();
    }

    @Override
    public String describe() {
        return String.join(", ", backend.describe().values());
    }

    @Override
    public double step(Batch batch) {
        if (batch.images() == null) {
            model.inputs().set(batch.tokens());
        } else {
            model.inputs().set(batch.images());
        }
        model.targets().set(batch.targets());
        model.forwardBackward(gradScale, 0, false, sums);
        optimizer.step(lr, 1);
        return sums[0] * gradScale;
    }

    @Override
    public void close() {
        arena.close();
        backend.close();
    }
}
