package org.windtunnel.optim;

import java.util.Map;
import org.windtunnel.backend.OptimizerKernels;
import org.windtunnel.backend.SgdScalars;
import org.windtunnel.backend.Slices;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/** SGD as torch.optim.SGD, with coupled decay; state: the momentum buffer, 1 element a parameter, or none. */
final class Sgd implements Updater {
    private final OptimizerSpec.Sgd spec;
    private final OptimizerKernels kernels;
    private final ParameterGroup group;
    private final Tensor buffer;
    private final Slices buffers;
    private final SgdScalars scalars;

    Sgd(OptimizerSpec.Sgd spec, OptimizerKernels kernels, ParameterGroup group, Allocator memory) {
        this.spec = spec;
        this.kernels = kernels;
        this.group = group;
        this.buffer = spec.momentum() == 0 ? null : memory.take(group.size());
        this.buffers = buffer == null ? null : group.states(buffer, memory);
        this.scalars = new SgdScalars(group.count(), memory);
    }

    @Override
    public void prepare(double lr, long step) {
        for (int k = 0; k < group.count(); k++) {
            scalars.set(k, group.lr(k, lr), group.weightDecay(k));
        }
        scalars.setMomentum(spec.momentum(), spec.dampening(), step);
        scalars.send();
    }

    @Override
    public void update() {
        kernels.sgd(group.weights(), group.gradients(), buffers, scalars, null, spec.nesterov(), false,
                group.gradScale());
    }

    @Override
    public Map<String, Tensor> state() {
        return buffer == null ? Map.of() : group.named("momentum_buffer", buffer);
    }
}
