package org.windtunnel.nn;

import java.util.Map;
import org.windtunnel.config.ConfigException;
import org.windtunnel.tensor.Tensor;

/**
 * A model bound to a backend, with every activation preallocated for one micro-batch.
 *
 * <p>{@link Family} makes one; nothing above {@code nn} asks which one it is.
 */
public interface Model {

    Parameters parameters();

    /**
     * Tensors that training changes and that are no parameters, such as the running statistics of a batch norm: by
     * name, as views of the live memory. Saved and restored with the weights.
     */
    default Map<String, Tensor> buffers() {
        return Map.of();
    }

    /** Shows every module's output to {@code probe} from the next pass on; null for none, the default. */
    void setProbe(Probe probe);

    /**
     * Inputs of a micro-batch, to be filled before {@link #forwardBackward}: INT32 token ids [B·T], or pixels in the
     * backend's floating-point type [B, C, H, W].
     */
    Tensor inputs();

    /** Targets of a micro-batch: INT32 token ids [B·T] or classes [B]; negative ones are left out of the loss. */
    Tensor targets();

    /**
     * Training passes from now on are on mixed examples: the target of row n is {@code seconds[n]} to the share
     * {@code shares[n]}, and its own to the rest. The arrays are copied; null for unmixed targets, the default.
     *
     * @throws ConfigException if the model has no such loss
     */
    default void mixTargets(int[] seconds, float[] shares) {
        if (seconds != null) {
            throw new ConfigException(
                    "data.augment.mixup: expected 0 with this model.family, which has no loss of mixed " + "targets");
        }
    }

    /**
     * Draws what a training pass leaves to chance, such as the paths that are dropped: the same for the same seed and
     * number. Passes use it until the next call; before the first, nothing is left to chance.
     *
     * @param pass number of the training pass since the run began, 0-based
     */
    default void draw(long pass) {}

    /**
     * Forward and backward pass: gradients of gradScale · Σ (nll + zWeight · lse²) over the micro-batch, or of
     * gradScale times the sum of another loss that the model was told to use.
     *
     * @param gradScale usually 1 / (targets in the whole batch), so that micro-batches average by units
     * @param accumulate false overwrites the gradients; true adds to them, and the weights are those of the pass before
     * @param sums receives {Σ nll, Σ lse², number of targets}; null leaves them on the device, where {@link
     *     #isRepeatable}
     */
    void forwardBackward(double gradScale, double zWeight, boolean accumulate, double[] sums);

    /**
     * Whether {@link #forwardBackward} with the same arguments is the same calls of the backend every time and reads
     * nothing back, so that it can be replayed.
     */
    default boolean isRepeatable() {
        return false;
    }

    /** Forward pass and loss only. @param sums as in {@link #forwardBackward} */
    void evaluate(double[] sums);

    /** The logits of the last {@link #evaluate}, [rows, classes]; they stay valid until the next pass. */
    Tensor evaluatedLogits();

    /** Forward pass only; the logits [B·T, V] or [B, classes] stay valid until the next pass. */
    Tensor logits();
}
