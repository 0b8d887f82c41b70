package org.windtunnel.optim;

import java.util.Map;
import org.windtunnel.backend.OptimizerKernels;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.nn.Parameters;
import org.windtunnel.scaling.ScalingTable;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/** SGD as torch.optim.SGD, with coupled decay; state: the momentum buffer, 1 element a parameter, or none. */
public final class Sgd implements Optimizer {
    private final OptimizerSpec.Sgd spec;
    private final OptimizerKernels kernels;
    private final Parameters parameters;
    private final ParameterGroup group;
    private final Tensor buffer;
    private final long stateBytes;
    private long steps;

    Sgd(OptimizerSpec.Sgd spec, OptimizerKernels kernels, Parameters parameters, ScalingTable table, Allocator memory) {
        this.spec = spec;
        this.kernels = kernels;
        this.parameters = parameters;
        this.group = ParameterGroup.all(parameters, table, spec.weightDecay(), spec.decayed(), 0);
        long before = memory.bytes();
        this.buffer = spec.momentum() == 0 ? null : memory.take(parameters.weights().intSize());
        this.stateBytes = memory.bytes() - before;
    }

    @Override
    public void step(double lr, double gradScale) {
        steps++;
        kernels.sgd(group.at(lr), parameters.weights(), parameters.gradients(), buffer,
                spec.momentum(), spec.dampening(), spec.nesterov(), steps, gradScale);
    }

    @Override
    public long steps() {
        return steps;
    }

    @Override
    public long stateBytes() {
        return stateBytes;
    }

    @Override
    public Map<String, Tensor> state() {
        return buffer == null ? Map.of() : State.perParameter(parameters, Map.of("momentum_buffer", buffer));
    }

    @Override
    public void restoreSteps(long restored) {
        steps = restored;
    }
}
