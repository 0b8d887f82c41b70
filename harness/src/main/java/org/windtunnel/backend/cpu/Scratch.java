package org.windtunnel.backend.cpu;

import org.windtunnel.tensor.DType;

/** One thread's blocks, by slot, and its BLAS; they grow to the largest size asked for and are then reused. */
final class Scratch implements AutoCloseable {
    private static final int SLOTS = 8;

    private final float[][] floats = new float[SLOTS][0];
    private int[] ints = new int[0];
    private final Blas blas = new Blas();
    private CpuStorage offHeap;

    /** A block of at least {@code n} floats with undefined contents. */
    float[] floats(int slot, int n) {
        if (floats[slot].length < n) {
            floats[slot] = new float[n];
        }
        return floats[slot];
    }

    /** This thread's BLAS. */
    Blas blas() {
        return blas;
    }

    /** An off-heap block of at least {@code n} floats with undefined contents. */
    CpuStorage offHeap(long n) {
        if (offHeap == null || offHeap.length() < n) {
            close();
            offHeap = new CpuStorage(DType.FLOAT32, n);
        }
        return offHeap;
    }

    @Override
    public void close() {
        if (offHeap != null) {
            offHeap.close();
            offHeap = null;
        }
    }

    /** A block of at least {@code n} ints with undefined contents. */
    int[] ints(int n) {
        if (ints.length < n) {
            ints = new int[n];
        }
        return ints;
    }
}
