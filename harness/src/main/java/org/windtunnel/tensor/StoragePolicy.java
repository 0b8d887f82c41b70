package org.windtunnel.tensor;

/**
 * How a backend keeps what a model takes, which is all that has to be known of it to count a run's memory.
 *
 * @param floatType of parameters and activations
 * @param operandType of tensors that only matrix products read, and of what products put out or take beside
 *     activations, which a backend may want rounded
 * @param keepsProbabilities whether attention keeps the probabilities of every query and key for the backward pass,
 *     B·H·T·T elements; else it works them out again, from 2·B·H·T
 */
public record StoragePolicy(DType floatType, DType operandType, boolean keepsProbabilities) {

    /** One type for everything, and probabilities that are kept. */
    public static StoragePolicy of(DType floatType) {
        return new StoragePolicy(floatType, floatType, true);
    }
}
