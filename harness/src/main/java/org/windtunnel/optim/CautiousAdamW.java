package org.windtunnel.optim;

import java.util.Map;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.OptimizerKernels;
import org.windtunnel.backend.Scalars;
import org.windtunnel.backend.Slices;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/** AdamW whose decay spares the entries that the update moves away from zero (ArchScale's cautious decay). */
final class CautiousAdamW implements Updater {
    private final OptimizerKernels kernels;
    private final ParameterGroup group;
    private final boolean decays;
    private final AdamDirection direction;
    private final Slices[] weights;
    /** Of the members in their order, what decay leaves, and the negative rate. */
    private final Scalars scalars;
    private final Tensor[] keep;
    private final Tensor[] minusRate;

    CautiousAdamW(OptimizerSpec.AdamW spec, Backend backend, ParameterGroup group, Allocator memory) {
        this.kernels = Optimizers.kernels(backend);
        this.group = group;
        this.decays = group.decays();
        this.direction = new AdamDirection(spec, backend, group, memory);
        this.scalars = new Scalars(2 * group.count(), memory);
        int[][] runs = direction.runs();
        this.weights = new Slices[runs.length];
        this.keep = new Tensor[runs.length];
        this.minusRate = new Tensor[runs.length];
        for (int i = 0; i < runs.length; i++) {
            weights[i] = group.weights(runs[i], memory);
            keep[i] = scalars.slice(runs[i][0], runs[i].length);
            minusRate[i] = scalars.slice(group.count() + runs[i][0], runs[i].length);
        }
    }

    @Override
    public void prepare(double scheduled, long step) {
        for (int k = 0; k < group.count(); k++) {
            double lr = group.lr(k, scheduled);
            scalars.set(k, 1 - lr * group.weightDecay(k));
            scalars.set(group.count() + k, -lr);
        }
        scalars.send();
        direction.prepare(step);
    }

    @Override
    public void update() {
        for (int i = 0; i < weights.length; i++) {
            Slices u = direction.of(i);
            if (decays) {
                kernels.cautiousDecay(weights[i], u, keep[i]);
            }
            kernels.axpy(minusRate[i], u, weights[i]);
        }
    }

    @Override
    public Map<String, Tensor> state() {
        return direction.state();
    }
}
