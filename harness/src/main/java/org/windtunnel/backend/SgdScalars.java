package org.windtunnel.backend;

import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/**
 * What {@link OptimizerKernels#sgd} reads from memory. In {@link #tensor}, for n tensors: n learning rates, n decays, then
 * momentum, dampening, and 1 at the first step or 0.
 */
public final class SgdScalars {
    /** Numbers that all tensors share. */
    private static final int COMMON = 3;

    private final int count;
    private final Scalars scalars;
    private final Tensor firstFlag;

    public SgdScalars(int count, Allocator memory) {
        this.count = count;
        this.scalars = new Scalars(2 * count + COMMON, memory);
        this.firstFlag = scalars.slice(2 * count + 2, 1);
    }

    /** Of tensor {@code k}. */
    public void set(int k, double lr, double weightDecay) {
        scalars.set(k, lr);
        scalars.set(count + k, weightDecay);
    }

    /** @param step 1 for the first update */
    public void setMomentum(double momentum, double dampening, long step) {
        scalars.set(2 * count, momentum);
        scalars.set(2 * count + 1, dampening);
        scalars.set(2 * count + 2, step == 1 ? 1 : 0);
    }

    /** Has kernels that are called from now on read what was set. */
    public void send() {
        scalars.send();
    }

    public double lr(int k) {
        return scalars.get(k);
    }

    public double weightDecay(int k) {
        return scalars.get(count + k);
    }

    public double momentum() {
        return scalars.get(2 * count);
    }

    public double dampening() {
        return scalars.get(2 * count + 1);
    }

    public boolean first() {
        return scalars.get(2 * count + 2) != 0;
    }

    /** Whether this is the first step, FLOAT64 [1], not 0 if so. */
    public Tensor firstFlag() {
        return firstFlag;
    }

    public Tensor tensor() {
        return scalars.tensor();
    }
}
