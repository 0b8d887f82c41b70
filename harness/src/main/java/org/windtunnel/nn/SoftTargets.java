package org.windtunnel.nn;

import org.windtunnel.config.TrainSpec.Loss;
import org.windtunnel.tensor.Tensor;

/**
 * Targets that are no single class: smoothed labels (arXiv 1512.00567) and labels of mixed images (arXiv 1710.09412).
 *
 * <p>With t = (1 − s) ((1 − m) e_first + m e_second) + s / K, both losses differ from those of the first label e by terms
 * that are linear in e − t: cross entropy by (e − t)·z, half the squared error by (e − t)·(z − e) + ½ ‖e − t‖², the
 * gradient of either by e − t. So the backend's kernels compute the first label's, and this adds the rest, on the host:
 * logits are few.
 */
final class SoftTargets {
    private final double smoothing;
    private final int classes;
    private final double[] logits;
    private final double[] gradient;
    private final int[] labels;
    private int[] seconds;
    private float[] shares;

    /** @param smoothing share of the target that is spread evenly over the classes */
    SoftTargets(double smoothing, int batch, int classes) {
        this.smoothing = smoothing;
        this.classes = classes;
        this.logits = new double[batch * classes];
        this.gradient = new double[batch * classes];
        this.labels = new int[batch];
    }

    /** Second labels and their shares m, which are read in every pass; null for none. */
    void mix(int[] newSeconds, float[] newShares) {
        seconds = newSeconds;
        shares = newShares;
    }

    /** Whether each target is one class. */
    boolean isHard() {
        return smoothing == 0 && seconds == null;
    }

    /** Notes the logits, before the kernel overwrites them. */
    void beforeLoss(Tensor z) {
        if (!isHard()) {
            z.storage().read(z.offset(), logits, 0, logits.length);
        }
    }

    /**
     * Corrects what the kernel left.
     *
     * @param dLogits gradScale times the gradient for the first labels; becomes that for the targets
     * @param sums the loss in the first place; becomes that for the targets
     */
    void afterLoss(Loss loss, Tensor targets, double gradScale, Tensor dLogits, double[] sums) {
        if (isHard()) {
            return;
        }
        targets.storage().read(targets.offset(), labels, 0, labels.length);
        dLogits.storage().read(dLogits.offset(), gradient, 0, gradient.length);
        for (int n = 0; n < labels.length; n++) {
            if (labels[n] >= 0) {
                sums[0] += correct(loss, n, gradScale);
            }
        }
        dLogits.storage().write(dLogits.offset(), gradient, 0, gradient.length);
    }

    /** @return what is added to the loss of row n */
    private double correct(Loss loss, int n, double gradScale) {
        double linear = 0;
        double square = 0;
        for (int k = 0; k < classes; k++) {
            double e = k == labels[n] ? 1 : 0;
            double difference = e - target(n, k);
            double z = logits[n * classes + k] - (loss == Loss.MSE ? e : 0);
            gradient[n * classes + k] += gradScale * difference;
            linear += difference * z;
            square += difference * difference;
        }
        return loss == Loss.MSE ? linear + square / 2 : linear;
    }

    private double target(int n, int k) {
        double share = seconds == null ? 0 : shares[n];
        double hard = (k == labels[n] ? 1 - share : 0) + (seconds != null && k == seconds[n] ? share : 0);
        return (1 - smoothing) * hard + smoothing / classes;
    }
}
