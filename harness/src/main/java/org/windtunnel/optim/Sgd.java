package org.windtunnel.optim;

import java.util.Map;
import org.windtunnel.backend.OptimizerKernels;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/** SGD as torch.optim.SGD, with coupled decay; state: the momentum buffer, 1 element a parameter, or none. */
final class Sgd implements Updater {
    private final OptimizerSpec.Sgd spec;
    private final OptimizerKernels kernels;
    private final ParameterGroup group;
    private final Tensor buffer;

    Sgd(OptimizerSpec.Sgd spec, OptimizerKernels kernels, ParameterGroup group, Allocator memory) {
        this.spec = spec;
        this.kernels = kernels;
        this.group = group;
        this.buffer = spec.momentum() == 0 ? null : memory.take(group.size());
    }

    @Override
    public void step(double lr, long step, double gradScale) {
        kernels.sgd(group.at(lr), group.parameters().weights(), group.parameters().gradients(), buffer,
                spec.momentum(), spec.dampening(), spec.nesterov(), false, step, gradScale);
    }

    @Override
    public Map<String, Tensor> state() {
        return buffer == null ? Map.of() : group.named("momentum_buffer", buffer);
    }
}
