package org.windtunnel.backend;

import org.windtunnel.tensor.Tensor;

/**
 * Losses against {@link SoftTargets} where calls are done when they return: a backend's kernel computes the loss of the
 * first labels, and this adds the rest, one row after the other: logits are few. Belongs to one backend.
 */
public final class SoftLosses {
    private final LayerKernels kernels;
    private double[] logits = new double[0];
    private double[] gradient = new double[0];
    private double[] shares = new double[0];
    private int[] labels = new int[0];
    private int[] seconds = new int[0];
    private int classes;

    public SoftLosses(LayerKernels kernels) {
        this.kernels = kernels;
    }

    /** As {@link LayerKernels#softCrossEntropy}. */
    public void crossEntropy(
            Tensor z, Tensor targets, SoftTargets soft, double zWeight, double gradScale, double[] sums) {
        read(z, targets, soft);
        kernels.crossEntropy(z, targets, zWeight, gradScale, z, sums);
        correct(false, z, soft, gradScale, sums);
    }

    /** As {@link LayerKernels#softSquaredError}. */
    public void squaredError(Tensor z, Tensor targets, SoftTargets soft, double gradScale, double[] sums) {
        read(z, targets, soft);
        kernels.squaredError(z, targets, gradScale, z, sums);
        correct(true, z, soft, gradScale, sums);
    }

    /** Before the kernel overwrites the logits. */
    private void read(Tensor z, Tensor targets, SoftTargets soft) {
        if (labels.length != targets.intSize() || logits.length != z.intSize()) {
            labels = new int[targets.intSize()];
            seconds = new int[labels.length];
            shares = new double[labels.length];
            logits = new double[z.intSize()];
            gradient = new double[logits.length];
        }
        classes = logits.length / labels.length;
        z.storage().read(z.offset(), logits, 0, logits.length);
        targets.storage().read(targets.offset(), labels, 0, labels.length);
        if (soft.seconds() != null) {
            soft.seconds().storage().read(soft.seconds().offset(), seconds, 0, seconds.length);
            soft.shares().storage().read(soft.shares().offset(), shares, 0, shares.length);
        }
    }

    /**
     * Corrects what the kernel left.
     *
     * @param z gradScale times the gradient for the first labels; becomes that for the targets
     * @param sums the loss in the first place; becomes that for the targets
     */
    private void correct(boolean squared, Tensor z, SoftTargets soft, double gradScale, double[] sums) {
        z.storage().read(z.offset(), gradient, 0, gradient.length);
        for (int n = 0; n < labels.length; n++) {
            if (labels[n] >= 0) {
                sums[0] += correct(squared, n, soft, gradScale);
            }
        }
        z.storage().write(z.offset(), gradient, 0, gradient.length);
    }

    /** @return what is added to the loss of row n */
    private double correct(boolean squared, int n, SoftTargets soft, double gradScale) {
        double linear = 0;
        double square = 0;
        for (int k = 0; k < classes; k++) {
            double e = k == labels[n] ? 1 : 0;
            double difference = e - target(n, k, soft);
            double z = logits[n * classes + k] - (squared ? e : 0);
            gradient[n * classes + k] += gradScale * difference;
            linear += difference * z;
            square += difference * difference;
        }
        return squared ? linear + square / 2 : linear;
    }

    private double target(int n, int k, SoftTargets soft) {
        boolean mixed = soft.seconds() != null;
        double share = mixed ? shares[n] : 0;
        double hard = (k == labels[n] ? 1 - share : 0) + (mixed && k == seconds[n] ? share : 0);
        return (1 - soft.smoothing()) * hard + soft.smoothing() / classes;
    }
}
