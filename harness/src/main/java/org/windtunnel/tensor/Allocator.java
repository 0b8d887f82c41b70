package org.windtunnel.tensor;

/**
 * Hands out the tensors a model or optimizer keeps for its whole life.
 *
 * <p>A counting allocator hands out tensors without memory, so the memory ledger of {@code plan} is computed by the
 * same code that later allocates and cannot drift from it.
 */
public interface Allocator {

    /** Takes a zero-filled tensor. */
    Tensor take(DType dtype, int... shape);

    /** Takes a zero-filled vector of the model's floating-point type. */
    Tensor take(int... shape);

    /** The model's floating-point type. */
    DType floatType();

    /** The type of tensors that only matrix products read, which a backend may want rounded. */
    DType operandType();

    /**
     * Whether the backward pass of attention reads the probabilities of the forward pass, or works them out again. Asked
     * where memory is only counted; a backend says itself what it keeps.
     */
    boolean countsProbabilities();

    /** Bytes taken so far. */
    long bytes();
}
