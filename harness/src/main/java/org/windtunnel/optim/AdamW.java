package org.windtunnel.optim;

import java.util.LinkedHashMap;
import java.util.Map;
import org.windtunnel.backend.AdamScalars;
import org.windtunnel.backend.OptimizerKernels;
import org.windtunnel.backend.Slices;
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
    private final Slices first;
    private final Slices second;
    private final AdamScalars scalars;

    AdamW(OptimizerSpec.AdamW spec, OptimizerKernels kernels, ParameterGroup group, Allocator memory) {
        this.spec = spec;
        this.kernels = kernels;
        this.group = group;
        this.firstMoment = memory.take(group.size());
        this.secondMoment = memory.take(group.size());
        this.first = group.states(firstMoment, memory);
        this.second = group.states(secondMoment, memory);
        this.scalars = new AdamScalars(group.count(), memory);
    }

    @Override
    public void prepare(double lr, long step) {
        for (int k = 0; k < group.count(); k++) {
            scalars.set(k, group.lr(k, lr), group.weightDecay(k), group.eps(k));
        }
        scalars.setMoments(spec.beta1(), spec.beta2(), step);
        scalars.send();
    }

    @Override
    public void update() {
        boolean before = spec.epsPlacement() == OptimizerSpec.EpsPlacement.BEFORE;
        kernels.adamw(group.weights(), group.gradients(), first, second, scalars, before, group.gradScale());
    }

    @Override
    public Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>(group.named("exp_avg", firstMoment));
        state.putAll(group.named("exp_avg_sq", secondMoment));
        return state;
    }
}
