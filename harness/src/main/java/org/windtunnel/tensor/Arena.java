package org.windtunnel.tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;

/** The allocator of real memory: everything taken lives until {@link #close()} and is freed together. */
public final class Arena implements Allocator, AutoCloseable {
    private final BiFunction<DType, Long, Storage> memory;
    private final DType floatType;
    private final DType operandType;
    private final boolean probabilities;
    private final List<Storage> storages = new ArrayList<>();
    private long bytes;

    /** @param memory the backend's allocation of (type, elements); {@code null} counts without allocating */
    private Arena(
            BiFunction<DType, Long, Storage> memory, DType floatType, DType operandType, boolean probabilities) {
        this.memory = memory;
        this.floatType = floatType;
        this.operandType = operandType;
        this.probabilities = probabilities;
    }

    /** An arena over a backend's memory that keeps operands of matrix products like everything else. */
    public static Arena of(BiFunction<DType, Long, Storage> memory, DType floatType) {
        return of(memory, floatType, floatType);
    }

    /** An arena over a backend's memory. */
    public static Arena of(BiFunction<DType, Long, Storage> memory, DType floatType, DType operandType) {
        return new Arena(memory, floatType, operandType, true);
    }

    /** An arena that only counts bytes, with one floating-point type; its tensors have no storage. */
    public static Arena counting(DType floatType) {
        return counting(floatType, floatType, true);
    }

    /**
     * An arena that only counts bytes; its tensors have no storage.
     *
     * @param probabilities see {@link #countsProbabilities}
     */
    public static Arena counting(DType floatType, DType operandType, boolean probabilities) {
        return new Arena(null, floatType, operandType, probabilities);
    }

    @Override
    public Tensor take(DType dtype, int... shape) {
        long n = Tensor.sizeOf(shape);
        bytes = Math.addExact(bytes, Math.multiplyExact(n, (long) dtype.bytes()));
        if (memory == null) {
            return new Tensor(null, 0, shape);
        }
        Storage storage = memory.apply(dtype, n);
        storages.add(storage);
        return new Tensor(storage, 0, shape);
    }

    @Override
    public Tensor take(int... shape) {
        return take(floatType, shape);
    }

    @Override
    public DType floatType() {
        return floatType;
    }

    @Override
    public DType operandType() {
        return operandType;
    }

    @Override
    public boolean countsProbabilities() {
        return probabilities;
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public void close() {
        storages.forEach(Storage::close);
        storages.clear();
    }
}
