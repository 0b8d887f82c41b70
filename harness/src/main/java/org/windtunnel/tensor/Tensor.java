package org.windtunnel.tensor;

import java.util.Arrays;

/**
 * A contiguous row-major view of a {@link Storage}: an offset and a shape, no strides.
 *
 * <p>Kernels that need a leading dimension (a head's slice of a packed QKV matrix, say) take it as an argument beside
 * the tensor whose first element they start at. Views share memory; a tensor owns nothing and is immutable.
 */
public final class Tensor {
    private final Storage storage;
    private final long offset;
    private final int[] shape;
    private final long size;

    public Tensor(Storage storage, long offset, int... shape) {
        this.storage = storage;
        this.offset = offset;
        this.shape = shape.clone();
        this.size = sizeOf(shape);
        if (storage != null && (offset < 0 || offset + size > storage.length())) {
            throw new IllegalArgumentException("view " + Arrays.toString(shape) + " at " + offset
                    + " does not fit a storage of " + storage.length() + " elements");
        }
    }

    /** Number of elements of a shape. */
    public static long sizeOf(int... shape) {
        long n = 1;
        for (int d : shape) {
            n = Math.multiplyExact(n, d);
        }
        return n;
    }

    /** The memory behind the view; {@code null} for a tensor taken from a counting allocator. */
    public Storage storage() {
        return storage;
    }

    /** First element of the view within its storage. */
    public long offset() {
        return offset;
    }

    public int[] shape() {
        return shape.clone();
    }

    public int rank() {
        return shape.length;
    }

    public int dim(int axis) {
        return shape[axis];
    }

    /** Number of elements. */
    public long size() {
        return size;
    }

    /** Number of elements as an int. @throws ArithmeticException past 2^31-1 */
    public int intSize() {
        return Math.toIntExact(size);
    }

    /** The sub-view that starts {@code at} elements into this one. */
    public Tensor slice(long at, int... newShape) {
        if (at < 0 || at + sizeOf(newShape) > size) {
            throw new IllegalArgumentException("slice " + Arrays.toString(newShape) + " at " + at
                    + " leaves tensor " + Arrays.toString(shape));
        }
        return new Tensor(storage, offset + at, newShape);
    }

    /** The same elements under another shape. */
    public Tensor reshape(int... newShape) {
        if (sizeOf(newShape) != size) {
            throw new IllegalArgumentException(
                    "cannot view " + Arrays.toString(shape) + " as " + Arrays.toString(newShape));
        }
        return new Tensor(storage, offset, newShape);
    }

    /** A host copy of the elements. */
    public float[] toFloats() {
        float[] out = new float[intSize()];
        storage.read(offset, out, 0, out.length);
        return out;
    }

    /** A host copy of the elements in double precision. */
    public double[] toDoubles() {
        double[] out = new double[intSize()];
        storage.read(offset, out, 0, out.length);
        return out;
    }

    /** A host copy of an INT32 tensor. */
    public int[] toInts() {
        int[] out = new int[intSize()];
        storage.read(offset, out, 0, out.length);
        return out;
    }

    /** Element {@code i} in row-major order; waits for queued work. */
    public double item(int i) {
        return storage.get(offset + i);
    }

    /** Overwrites element {@code i} in row-major order. */
    public void put(int i, double value) {
        storage.put(offset + i, value);
    }

    /** Overwrites the elements. @throws IllegalArgumentException if the length differs from {@link #size()} */
    public void set(float... values) {
        checkLength(values.length);
        storage.write(offset, values, 0, values.length);
    }

    /** Overwrites the elements. @throws IllegalArgumentException if the length differs from {@link #size()} */
    public void set(double... values) {
        checkLength(values.length);
        storage.write(offset, values, 0, values.length);
    }

    /** Overwrites an INT32 tensor. @throws IllegalArgumentException if the length differs from {@link #size()} */
    public void set(int... values) {
        checkLength(values.length);
        storage.write(offset, values, 0, values.length);
    }

    private void checkLength(int length) {
        if (length != size) {
            throw new IllegalArgumentException("expected " + size + " values, found " + length);
        }
    }

    @Override
    public String toString() {
        return "Tensor" + Arrays.toString(shape) + "@" + offset;
    }
}
