package org.windtunnel.backend.nd4j;

import java.util.Arrays;
import org.nd4j.linalg.api.buffer.DataBuffer;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.concurrency.AffinityManager;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.windtunnel.backend.OutOfMemory;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Storage;

/** A detached flat ND4J array. Transfers stage the slice asked for, so a device never copies the whole storage. */
final class Nd4jStorage implements Storage {
    private final DType dtype;
    private final long length;
    private final Scratch scratch;
    private final double[] one = new double[1];
    private INDArray array;

    /** Zero-filled memory. @throws OutOfMemory if ND4J cannot get it */
    Nd4jStorage(DType dtype, long length, Scratch scratch) {
        if (length < 0) {
            throw new IllegalArgumentException("expected a length of 0 or more, found " + length);
        }
        this.dtype = dtype;
        this.length = length;
        this.scratch = scratch;
        DataType type = type(dtype);
        try {
            // An empty ND4J array has no buffer that a view could start at.
            this.array = Nd4j.createUninitializedDetached(type, Math.max(1, length)).assign(0);
        } catch (OutOfMemoryError | RuntimeException e) {
            throw new OutOfMemory("ND4J could not allocate " + length + " elements of " + dtype + " ("
                    + (length >> 20) * dtype.bytes() + " MiB)", e);
        }
    }

    static DataType type(DType dtype) {
        return switch (dtype) {
            case FLOAT32 -> DataType.FLOAT;
            case FLOAT64 -> DataType.DOUBLE;
            case INT32 -> DataType.INT32;
            case BFLOAT16 -> throw new IllegalArgumentException("the nd4j backend keeps no tensors of " + dtype);
        };
    }

    @Override
    public DType dtype() {
        return dtype;
    }

    @Override
    public long length() {
        return length;
    }

    /** A view with the given strides; shares this memory. @throws IllegalArgumentException if it does not fit */
    INDArray view(long offset, long[] shape, long[] strides) {
        long last = offset;
        for (int i = 0; i < shape.length; i++) {
            if (shape[i] < 1) {
                throw new IllegalArgumentException("expected sizes of 1 or more, found " + Arrays.toString(shape));
            }
            last += (shape[i] - 1) * strides[i];
        }
        if (offset < 0 || last >= length) {
            throw new IllegalArgumentException("view " + Arrays.toString(shape) + " with strides "
                    + Arrays.toString(strides) + " at " + offset + " leaves a storage of " + length + " elements");
        }
        return Nd4j.create(buffer(), shape, strides, offset, 'c');
    }

    private DataBuffer buffer() {
        if (array == null) {
            throw new IllegalStateException("storage of " + length + " elements was used after it was closed");
        }
        return array.data();
    }

    private INDArray slice(long at, int count) {
        return view(at, new long[] {count}, new long[] {1});
    }

    /** A host copy of a slice in the given type, valid until the scratch is reset. */
    private DataBuffer fetch(long at, int count, DataType as) {
        INDArray part = slice(at, count);
        INDArray copy = part.dataType() == as ? part.dup() : part.castTo(as);
        Nd4j.getAffinityManager().ensureLocation(copy, AffinityManager.Location.HOST);
        return copy.data();
    }

    @Override
    public void read(long at, float[] dst, int dstAt, int count) {
        if (count > 0) {
            scratch.run(() -> fetch(at, count, DataType.FLOAT).asNioFloat().get(dst, dstAt, count));
        }
    }

    @Override
    public void read(long at, double[] dst, int dstAt, int count) {
        if (count > 0) {
            scratch.run(() -> fetch(at, count, DataType.DOUBLE).asNioDouble().get(dst, dstAt, count));
        }
    }

    @Override
    public void read(long at, int[] dst, int dstAt, int count) {
        requireInts();
        if (count > 0) {
            scratch.run(() -> fetch(at, count, DataType.INT32).asNioInt().get(dst, dstAt, count));
        }
    }

    @Override
    public void write(long at, float[] src, int srcAt, int count) {
        if (count > 0) {
            scratch.run(
                    () -> slice(at, count).assign(Nd4j.createFromArray(Arrays.copyOfRange(src, srcAt, srcAt + count))));
        }
    }

    @Override
    public void write(long at, double[] src, int srcAt, int count) {
        if (count > 0) {
            scratch.run(
                    () -> slice(at, count).assign(Nd4j.createFromArray(Arrays.copyOfRange(src, srcAt, srcAt + count))));
        }
    }

    @Override
    public void write(long at, int[] src, int srcAt, int count) {
        requireInts();
        if (count > 0) {
            scratch.run(
                    () -> slice(at, count).assign(Nd4j.createFromArray(Arrays.copyOfRange(src, srcAt, srcAt + count))));
        }
    }

    @Override
    public double get(long at) {
        read(at, one, 0, 1);
        return one[0];
    }

    @Override
    public void put(long at, double value) {
        one[0] = value;
        write(at, one, 0, 1);
    }

    private void requireInts() {
        if (dtype != DType.INT32) {
            throw new IllegalArgumentException("expected an INT32 storage, found " + dtype);
        }
    }

    @Override
    public void close() {
        if (array != null) {
            array.close();
            array = null;
        }
    }
}
