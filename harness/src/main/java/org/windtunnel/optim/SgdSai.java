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
    private final double[] gain;
    private boolean first;

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
        this.gain = new double[group.count()];
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
        for (int k = 0; k < gain.length; k++) {
            scalars.set(k, group.lr(k, lr), group.lr(k, lr) * group.weightDecay(k));
        }
        scalars.setMomentum(spec.momentum(), spec.momentum(), step);
        scalars.send();
        first = step == 1;
    }

    @Override
    public void update() {
        if (first) {
            measure(group.gradScale().item(0));
        }
        kernels.sgd(group.weights(), group.gradients(), buffers, scalars, gains, false, true, group.gradScale());
    }

    private void measure(double gradScale) {
        double largest = 0;
        for (int k = 0; k < gain.length; k++) {
            double[] g = group.gradient(k).toDoubles();
            gain[k] = spec.gain() == Gain.SQRT_NUMEL ? Math.sqrt(g.length) : signalToNoise(g, gradScale);
            largest = Math.max(largest, gain[k]);
        }
        for (int k = 0; k < gain.length; k++) {
            gain[k] = spec.gain() == Gain.MAX_NORMALISED && largest > 0 ? gain[k] / largest : gain[k];
        }
        gains.set(gain);
    }

    /** ‖g‖ / (std(g) + eps) with the unbiased standard deviation over all entries, 0 for a single one. */
    private double signalToNoise(double[] g, double gradScale) {
        double squares = 0;
        double mean = 0;
        for (double x : g) {
            squares += x * x;
            mean += x / g.length;
        }
        double deviations = 0;
        for (double x : g) {
            deviations += (x - mean) * (x - mean);
        }
        double std = g.length > 1 ? Math.sqrt(deviations / (g.length - 1)) : 0;
        return gradScale * Math.sqrt(squares) / (gradScale * std + spec.eps());
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
