package org.windtunnel.optim;

import java.util.LinkedHashMap;
import java.util.Map;
import org.windtunnel.backend.OptimizerKernels;
import org.windtunnel.backend.SgdScalars;
import org.windtunnel.backend.Slices;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.OptimizerSpec.SgdSai.Gain;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/**
 * SGD-SaI (Xu et al., arXiv 2412.11768): momentum SGD with a gain G = ‖g‖ / (std(g) + eps) per tensor, taken from the
 * first gradient and then frozen; w = (1 - lr·wd) w - lr·G·b with b_1 = g_1 and b_t = μ b + (1-μ) g. State: the buffer, 1
 * element a parameter, and one gain a tensor.
 */
final class SgdSai implements Updater {
    private final OptimizerSpec.SgdSai spec;
    private final OptimizerKernels kernels;
    private final ParameterGroup group;
    private final Tensor buffer;
    private final Slices buffers;
    private final Tensor gains;
    private final SgdScalars scalars;

    /** @throws ConfigException if a parameter is a single number, whose gradient has no deviation to measure */
    SgdSai(OptimizerSpec.SgdSai spec, OptimizerKernels kernels, ParameterGroup group, Allocator memory) {
        this.spec = spec;
        this.kernels = kernels;
        this.group = group;
        this.buffer = spec.momentum() == 0 ? null : memory.take(group.size());
        requireDeviations();
        this.buffers = buffer == null ? null : group.states(buffer, memory);
        this.gains = memory.take(group.count());
        this.scalars = new SgdScalars(group.count(), memory);
    }

    /** ‖g‖ / (0 + eps) would be some 1e8. */
    private void requireDeviations() {
        for (int k = 0; k < group.count(); k++) {
            if (spec.gain() != Gain.SQRT_NUMEL && group.spec(k).size() == 1) {
                throw new ConfigException("optimizer: expected parameters of two numbers or more for the measured gains "
                        + "of sgd_sai, found " + group.spec(k) + "; set gain: sqrt_numel");
            }
        }
    }

    @Override
    public void prepare(double lr, long step) {
        for (int k = 0; k < group.count(); k++) {
            scalars.set(k, group.lr(k, lr), group.lr(k, lr) * group.weightDecay(k));
        }
        scalars.setMomentum(spec.momentum(), spec.momentum(), step);
        scalars.send();
        if (step == 1 && spec.gain() == Gain.SQRT_NUMEL) {
            double[] gain = new double[group.count()];
            for (int k = 0; k < gain.length; k++) {
                gain[k] = Math.sqrt(group.spec(k).size());
            }
            gains.set(gain);
        }
    }

    @Override
    public void update() {
        if (spec.gain() != Gain.SQRT_NUMEL) {
            kernels.signalToNoise(group.gradients(), scalars.firstFlag(), group.gradScale(), spec.eps(),
                    spec.gain() == Gain.MAX_NORMALISED, gains);
        }
        kernels.sgd(group.weights(), group.gradients(), buffers, scalars, gains, false, true, group.gradScale());
    }

    @Override
    public Map<String, Tensor> state() {
        Map<String, Tensor> state = new LinkedHashMap<>();
        if (buffer != null) {
            state.putAll(group.named("momentum_buffer", buffer));
        }
        for (int k = 0; k < group.count(); k++) {
            state.put(group.spec(k).name() + ".gain", gains.slice(k, 1));
        }
        return state;
    }
}
