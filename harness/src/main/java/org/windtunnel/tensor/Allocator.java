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
    default DType floatType() {
        return policy().floatType();
    }

    /** How the backend wants things kept. */
    StoragePolicy policy();

    /** The type of tensors that only matrix products read, which a backend may want rounded. */
    default DType operandType() {
        return policy().operandType();
    }

    /** Bytes taken so far. */
    long bytes();
}
