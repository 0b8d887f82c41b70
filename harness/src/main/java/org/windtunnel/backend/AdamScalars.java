package org.windtunnel.backend;

import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/**
 * What {@link OptimizerKernels#adamw} reads from memory. In {@link #tensor}, for n tensors: n learning rates, n decays, n
 * epsilons, then β1, β2, 1-β1^t and 1-β2^t.
 */
public final class AdamScalars {
    /** Numbers that all tensors share. */
    private static final int COMMON = 4;

    private final int count;
    private final Scalars scalars;

    public AdamScalars(int count, Allocator memory) {
        this.count = count;
        this.scalars = new Scalars(3 * count + COMMON, memory);
    }

    /** Of tensor {@code k}. */
    public void set(int k, double lr, double weightDecay, double eps) {
        scalars.set(k, lr);
        scalars.set(count + k, weightDecay);
        scalars.set(2 * count + k, eps);
    }

    /** @param step 1 for the first update */
    public void setMoments(double beta1, double beta2, long step) {
        scalars.set(3 * count, beta1);
        scalars.set(3 * count + 1, beta2);
        scalars.set(3 * count + 2, 1 - Math.pow(beta1, step));
        scalars.set(3 * count + 3, 1 - Math.pow(beta2, step));
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

    public double eps(int k) {
        return scalars.get(2 * count + k);
    }

    public double beta1() {
        return scalars.get(3 * count);
    }

    public double beta2() {
        return scalars.get(3 * count + 1);
    }

    /** 1-β1^t. */
    public double correction1() {
        return scalars.get(3 * count + 2);
    }

    /** 1-β2^t. */
    public double correction2() {
        return scalars.get(3 * count + 3);
    }

    public Tensor tensor() {
        return scalars.tensor();
    }
}
