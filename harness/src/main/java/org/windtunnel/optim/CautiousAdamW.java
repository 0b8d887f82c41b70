package org.windtunnel.optim;

import java.util.Map;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/** AdamW whose decay spares the entries that the update moves away from zero (ArchScale's cautious decay). */
final class CautiousAdamW implements Updater {
    private final Backend backend;
    private final ParameterGroup group;
    private final AdamDirection direction;
    private final Tensor[] weights;
    private double scheduled;

    CautiousAdamW(OptimizerSpec.AdamW spec, Backend backend, ParameterGroup group, Allocator memory) {
        this.backend = backend;
        this.group = group;
        this.direction = new AdamDirection(spec, backend, group, memory);
        this.weights = new Tensor[group.count()];
        for (int k = 0; k < weights.length; k++) {
            weights[k] = group.weight(k);
        }
    }

    @Override
    public void prepare(double lr, long step) {
        scheduled = lr;
        direction.prepare(step);
    }

    @Override
    public void update() {
        for (int k = 0; k < weights.length; k++) {
            Tensor u = direction.of(k);
            double lr = group.lr(k, scheduled);
            double keep = 1 - lr * group.weightDecay(k);
            if (keep != 1) {
                backend.cautiousDecay(weights[k], u, keep);
            }
            backend.axpy(-lr, u, weights[k]);
        }
    }

    @Override
    public Map<String, Tensor> state() {
        return direction.state();
    }
}
