package org.windtunnel.nn;

import org.windtunnel.backend.LayerKernels;
import org.windtunnel.backend.SoftTargets;
import org.windtunnel.config.TrainSpec.Loss;
import org.windtunnel.tensor.Tensor;

/** The backend's kernel of each loss that a config may name. */
public final class Losses {
    private Losses() {}

    /**
     * Loss of a micro-batch, and its gradient if asked for; parameters as in {@link LayerKernels#crossEntropy} and
     * {@link LayerKernels#squaredError}, of which the latter has no z-loss.
     *
     * @param logits [N, V]
     * @param targets INT32 [N]
     */
    public static void run(LayerKernels backend, Loss loss, Tensor logits, Tensor targets, double zWeight,
            double gradScale, Tensor gradient, double[] sums) {
        switch (loss) {
            case CROSS_ENTROPY -> backend.crossEntropy(logits, targets, zWeight, gradScale, gradient, sums);
            case MSE -> backend.squaredError(logits, targets, gradScale, gradient, sums);
        }
    }

    /** The same against soft targets, with its gradient. */
    static void run(LayerKernels backend, Loss loss, Tensor logits, Tensor targets, SoftTargets soft, double zWeight,
            double gradScale, double[] sums) {
        switch (loss) {
            case CROSS_ENTROPY -> backend.softCrossEntropy(logits, targets, soft, zWeight, gradScale, sums);
            case MSE -> backend.softSquaredError(logits, targets, soft, gradScale, sums);
        }
    }
}
