package org.windtunnel.optim;

import java.util.LinkedHashMap;
import java.util.Map;
import org.windtunnel.backend.AdamScalars;
import org.windtunnel.backend.OptimizerKernels;
import org.windtunnel.backend.Slices;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/**
 * AdamW (Loshchilov and Hutter, arXiv 1711.05101) as torch.optim.AdamW, or as APOLLO's code has it for what it does not
 * project: decay after the update, w = (1 - lr·wd)(w - lr·u), and maybe no bias correction. State: both moments, 2
 * elements a parameter.
 */
final class AdamW implements Updater {
    /** A step so late that the bias corrections have become 1. */
    private static final long UNCORRECTED = 1L << 40;

    private final OptimizerSpec.AdamW spec;
    private final boolean decayAfter;
    private final boolean correctBias;
    private final OptimizerKernels kernels;
    private final ParameterGroup group;
    private final Tensor firstMoment;
    private final Tensor secondMoment;
    private final Slices first;
    private final Slices second;
    private final AdamScalars scalars;

    /** torch.optim.AdamW's. */
    AdamW(OptimizerSpec.AdamW spec, OptimizerKernels kernels, ParameterGroup group, Allocator memory) {
        this(spec, false, true, kernels, group, memory);
    }

    AdamW(
            OptimizerSpec.AdamW spec,
            boolean decayAfter,
            boolean correctBias,
            OptimizerKernels kernels,
            ParameterGroup group,
            Allocator memory) {
        this.spec = spec;
        this.decayAfter = decayAfter;
        this.correctBias = correctBias;
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
            double keep = decayAfter ? keep(group.lr(k, lr) * group.weightDecay(k)) : 1;
            scalars.set(k, group.lr(k, lr) * keep, group.weightDecay(k) / keep, group.eps(k));
        }
        scalars.setMoments(spec.beta1(), spec.beta2(), correctBias ? step : UNCORRECTED);
        scalars.send();
    }

    /** c = 1 - lr·wd: the rate c·lr and the decay wd/c, which come first, do the same as decay that comes after. */
    private static double keep(double decay) {
        return decay == 1 ? 1e-12 : 1 - decay;
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
