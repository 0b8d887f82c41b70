package org.windtunnel.tensor;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;

/** The allocator of real memory: everything taken lives until {@link #close()} and is freed together. */
public final class Arena implements Allocator, AutoCloseable {
    private final BiFunction<DType, Long, Storage> memory;
    private final StoragePolicy policy;
    private final List<Storage> storages = new ArrayList<>();
    private long bytes;

    /** @param memory the backend's allocation of (type, elements); {@code null} counts without allocating */
    private Arena(BiFunction<DType, Long, Storage> memory, StoragePolicy policy) {
        this.memory = memory;
        this.policy = policy;
    }

    /** An arena over a backend's memory that keeps everything in one type. */
    public static Arena of(BiFunction<DType, Long, Storage> memory, DType floatType) {
        return of(memory, StoragePolicy.of(floatType));
    }

    /** An arena over a backend's memory. */
    public static Arena of(BiFunction<DType, Long, Storage> memory, StoragePolicy policy) {
        return new Arena(memory, policy);
    }

    /** An arena that only counts bytes, with one floating-point type; its tensors have no storage. */
    public static Arena counting(DType floatType) {
        return counting(StoragePolicy.of(floatType));
    }

    /** An arena that only counts bytes; its tensors have no storage. */
    public static Arena counting(StoragePolicy policy) {
        return new Arena(null, policy);
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
        return take(policy.floatType(), shape);
    }

    @Override
    public StoragePolicy policy() {
        return policy;
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
