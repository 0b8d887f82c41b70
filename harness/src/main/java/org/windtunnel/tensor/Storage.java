package org.windtunnel.tensor;

/**
 * A flat block of memory owned by a backend, off-heap or on a device.
 *
 * <p>Host access goes through the bulk transfers below, so that a training step on a device never copies by accident.
 * Offsets and counts are in elements. A storage belongs to the thread that trains with it; transfers are not
 * synchronised.
 */
public interface Storage extends AutoCloseable {

    DType dtype();

    /** Number of elements. */
    long length();

    /** Copies {@code count} elements from {@code at} into {@code dst}; float64 storage is rounded, bfloat16 widened. */
    void read(long at, float[] dst, int dstAt, int count);

    /** Copies {@code count} elements from {@code at} into {@code dst}; narrower storage is widened. */
    void read(long at, double[] dst, int dstAt, int count);

    /** Copies {@code count} elements of an INT32 storage into {@code dst}. */
    void read(long at, int[] dst, int dstAt, int count);

    /** Copies {@code count} elements of {@code src} to {@code at}; bfloat16 storage rounds. */
    void write(long at, float[] src, int srcAt, int count);

    /** Copies {@code count} elements of {@code src} to {@code at}; narrower storage rounds. */
    void write(long at, double[] src, int srcAt, int count);

    /** Copies {@code count} elements of {@code src} into an INT32 storage. */
    void write(long at, int[] src, int srcAt, int count);

    /** One element. Waits for queued work. */
    double get(long at);

    /** Overwrites one element; narrower storage rounds. */
    void put(long at, double value);

    /** Frees the memory; using a tensor of this storage afterwards is an error. */
    @Override
    void close();
}
