package org.windtunnel.optim;

import java.util.Map;
import org.windtunnel.backend.OptimizerKernels;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.nn.Parameters;
import org.windtunnel.scaling.ScalingTable;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/** AdamW (Loshchilov and Hutter, arXiv 1711.05101) as torch.optim.AdamW; state: both moments, 2 elements a parameter. */
public final class AdamW implements Optimizer {
    private final OptimizerSpec.AdamW spec;
    private final OptimizerKernels kernels;
    private final Parameters parameters;
    private final ParameterGroup group;
    private final Tensor firstMoment;
    private final Tensor secondMoment;
    private final long stateBytes;
    private long steps;

    AdamW(OptimizerSpec.AdamW spec, OptimizerKernels kernels, Parameters parameters, ScalingTable table, Allocator memory) {
        this.spec = spec;
        this.kernels = kernels;
        this.parameters = parameters;
        this.group = ParameterGroup.all(parameters, table, spec.weightDecay(), spec.decayed(), spec.eps());
        long before = memory.bytes();
        this.firstMoment = memory.take(parameters.weights().intSize());
        this.secondMoment = memory.take(parameters.weights().intSize());
        this.stateBytes = memory.bytes() - before;
    }

    @Override
    public void step(double lr, double gradScale) {
        steps++;
        boolean before = spec.epsPlacement() == OptimizerSpec.EpsPlacement.BEFORE;
        kernels.adamw(group.at(lr), parameters.weights(), parameters.gradients(), firstMoment, secondMoment,
                spec.beta1(), spec.beta2(), steps, before, gradScale);
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
        return State.perParameter(parameters, Map.of("exp_avg", firstMoment, "exp_avg_sq", secondMoment));
    }

    @Override
    public void restoreSteps(long restored) {
        steps = restored;
    }
}
