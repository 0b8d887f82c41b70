package org.windtunnel.backend.cpu;

import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import org.bytedeco.javacpp.Pointer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.windtunnel.backend.OutOfMemory;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Storage;

/**
 * An ND4J off-heap array, seen as a buffer for staging and as an address for BLAS. Kernels compute in float32; float64
 * memory holds numbers that they take in.
 *
 * <p>The first element is aligned to 64 bytes: vector loads do not straddle cache lines, and BLAS kernels that treat
 * unaligned edges specially give the same bits in every process.
 */
final class CpuStorage implements Storage {
    private static final int ALIGNMENT = 64;
    private static final int PADDING = ALIGNMENT / 4;

    private final DType dtype;
    private final int length;
    private final INDArray array;
    private final long address;
    private FloatBuffer floats;
    private DoubleBuffer doubles;
    private IntBuffer ints;

    CpuStorage(DType dtype, long length) {
        if (length < 0 || length > Integer.MAX_VALUE - PADDING) {
            throw new OutOfMemory(
                    "the cpu backend holds at most 2^31 elements in one tensor, asked for " + length, null);
        }
        this.dtype = dtype;
        this.length = (int) length;
        this.array = create(dtype, length + PADDING);
        Pointer base = array.data().pointer();
        int skip = (int) (Math.floorMod(-base.address(), (long) ALIGNMENT) / dtype.bytes());
        this.address = base.address() + (long) skip * dtype.bytes();
        switch (dtype) {
            case FLOAT32 -> floats = array.data().asNioFloat().slice(skip, this.length);
            case FLOAT64 -> doubles = array.data().asNioDouble().slice(skip, this.length);
            case INT32 -> ints = array.data().asNioInt().slice(skip, this.length);
            default -> throw new IllegalStateException(dtype.name());
        }
    }

    private static INDArray create(DType dtype, long n) {
        DataType type = switch (dtype) {
            case FLOAT32 -> DataType.FLOAT;
            case FLOAT64 -> DataType.DOUBLE;
            case INT32 -> DataType.INT32;
            case BFLOAT16 -> throw new IllegalArgumentException("the cpu backend keeps no tensors of " + dtype);
        };
        try {
            return Nd4j.create(type, n);
        } catch (OutOfMemoryError | RuntimeException e) {
            throw new OutOfMemory("could not allocate " + n * dtype.bytes() + " bytes off-heap: " + e.getMessage(), e);
        }
    }

    FloatBuffer floats() {
        if (floats == null) {
            throw new IllegalStateException("expected live float32 memory, found "
                    + (array.wasClosed() ? "closed memory" : dtype + " memory"));
        }
        return floats;
    }

    IntBuffer ints() {
        if (ints == null) {
            throw new IllegalStateException("expected live int32 memory, found "
                    + (array.wasClosed() ? "closed memory" : dtype + " memory"));
        }
        return ints;
    }

    /** Address of an element. */
    long addressOf(long element) {
        floats();
        return address + element * dtype.bytes();
    }

    @Override
    public DType dtype() {
        return dtype;
    }

    @Override
    public long length() {
        return length;
    }

    @Override
    public void read(long at, float[] dst, int dstAt, int count) {
        floats().get((int) at, dst, dstAt, count);
    }

    @Override
    public void read(long at, double[] dst, int dstAt, int count) {
        for (int i = 0; i < count; i++) {
            dst[dstAt + i] = get(at + i);
        }
    }

    @Override
    public double get(long at) {
        return doubles != null ? doubles.get((int) at) : floats().get((int) at);
    }

    @Override
    public void put(long at, double value) {
        if (doubles != null) {
            doubles.put((int) at, value);
        } else {
            floats().put((int) at, (float) value);
        }
    }

    @Override
    public void read(long at, int[] dst, int dstAt, int count) {
        ints().get((int) at, dst, dstAt, count);
    }

    @Override
    public void write(long at, float[] src, int srcAt, int count) {
        floats().put((int) at, src, srcAt, count);
    }

    @Override
    public void write(long at, double[] src, int srcAt, int count) {
        for (int i = 0; i < count; i++) {
            put(at + i, src[srcAt + i]);
        }
    }

    @Override
    public void write(long at, int[] src, int srcAt, int count) {
        ints().put((int) at, src, srcAt, count);
    }

    @Override
    public void close() {
        if (!array.wasClosed()) {
            floats = null;
            doubles = null;
            ints = null;
            array.close();
        }
    }
}
