package org.windtunnel.optim;

import java.util.LinkedHashMap;
import java.util.Map;
import org.windtunnel.backend.OptimizerKernels;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/** AdamW (Loshchilov and Hutter, arXiv 1711.05101) as torch.optim.AdamW; state: both moments, 2 elements a parameter. */
final class AdamW implements Updater {
    private final OptimizerSpec.AdamW spec;
    private final OptimizerKernels kernels;
    private final ParameterGroup group;
    private final Tensor firstMoment;
    private final Tensor secondMoment;

    AdamW(OptimizerSpec.AdamW spec, OptimizerKernels kernels, ParameterGroup group, Allocator memory) {
        this.spec = spec;
        this.kernels = kernels;
        this.group = group;
        this.firstMoment = memory.take(group.size());
        this.secondMoment = memory.take(group.size());
    }

    @Override
    public void step(double lr, long step, double gradScale) {
        boolean before = spec.epsPlacement() == OptimizerSpec.EpsPlacement.BEFORE;
        kernels.adamw(group.at(lr), group.parameters().weights(), group.parameters().gradients(), firstMoment,
                secondMoment, spec.beta1(), spec.beta2(), step, before, gradScale);
    }

    @Override
    public Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>(group.named("exp_avg", firstMoment));
        state.putAll(group.named("exp_avg_sq", secondMoment));
        return state;
    }
}
