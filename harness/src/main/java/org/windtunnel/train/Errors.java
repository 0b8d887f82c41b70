package org.windtunnel.train;

import org.windtunnel.tensor.Tensor;

/** Counts images whose class is not the one of the largest logit. */
final class Errors {
    private final float[] logits;
    private final int[] targets;

    /** @param rows of the logits @param classes their columns */
    Errors(int rows, int classes) {
        this.logits = new float[rows * classes];
        this.targets = new int[rows];
    }

    /** Of equal logits the first counts as the largest; negative targets are left out. */
    long count(Tensor output, Tensor labels) {
        output.storage().read(output.offset(), logits, 0, logits.length);
        labels.storage().read(labels.offset(), targets, 0, targets.length);
        int classes = logits.length / targets.length;
        long errors = 0;
        for (int n = 0; n < targets.length; n++) {
            errors += targets[n] >= 0 && largest(n * classes, classes) != targets[n] ? 1 : 0;
        }
        return errors;
    }

    private int largest(int row, int classes) {
        int best = 0;
        for (int k = 1; k < classes; k++) {
            if (logits[row + k] > logits[row + best]) {
                best = k;
            }
        }
        return best;
    }
}
