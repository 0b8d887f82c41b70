package org.windtunnel.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.windtunnel.backend.OutOfMemory;
import org.windtunnel.tensor.Storage;
import org.windtunnel.tensor.Tensor;

/**
 * Memory outside the Java heap that holds a copy of a run's tensors while they are written. It grows to the largest copy
 * and is used again for the next one, also by the next run of the process.
 */
public final class HostCopy {
    private static final int PAGE = 1 << 24;
    private static final int BLOCK = 1 << 14;

    private final List<ByteBuffer> pages = new ArrayList<>();
    private final float[] floats = new float[BLOCK];
    private final double[] doubles = new double[BLOCK / 2];
    private final int[] ints = new int[BLOCK];

    /** Takes bytes in order. */
    @FunctionalInterface
    interface Sink {
        void accept(ByteBuffer bytes) throws IOException;
    }

    /** Makes room. @throws OutOfMemory if there is none */
    void reserve(long bytes) {
        try {
            while ((long) pages.size() * PAGE < bytes) {
                pages.add(ByteBuffer.allocateDirect(PAGE).order(ByteOrder.LITTLE_ENDIAN));
            }
        } catch (OutOfMemoryError e) {
            throw new OutOfMemory("no memory to copy " + bytes + " bytes of state for a checkpoint (" + e.getMessage()
                    + "); raise -XX:MaxDirectMemorySize, or turn checkpoints off with checkpoint.every=0 and "
                    + "checkpoint.every_seconds=0", e);
        }
    }

    /**
     * Copies a tensor to byte {@code at}, a multiple of its element size.
     *
     * @return whether every element is a finite number
     */
    boolean copy(Tensor tensor, long at) {
        Storage from = tensor.storage();
        int width = from.dtype().bytes();
        boolean finite = true;
        for (long done = 0; done < tensor.size(); ) {
            long target = at + done * width;
            int inPage = (int) (target % PAGE);
            int n = (int) Math.min(Math.min(width == 8 ? doubles.length : BLOCK, tensor.size() - done),
                    (PAGE - inPage) / width);
            ByteBuffer page = pages.get((int) (target / PAGE))
                    .duplicate()
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .position(inPage);
            finite &= copy(from, tensor.offset() + done, n, page);
            done += n;
        }
        return finite;
    }

    private boolean copy(Storage from, long at, int n, ByteBuffer to) {
        // x * 0 is 0 for finite x and NaN for all others.
        double sum = 0;
        switch (from.dtype()) {
            case FLOAT32 -> {
                from.read(at, floats, 0, n);
                to.asFloatBuffer().put(floats, 0, n);
                sum = sumOfZeros(floats, n);
            }
            case FLOAT64 -> {
                from.read(at, doubles, 0, n);
                to.asDoubleBuffer().put(doubles, 0, n);
                for (int i = 0; i < n; i++) {
                    sum += doubles[i] * 0;
                }
            }
            case INT32 -> {
                from.read(at, ints, 0, n);
                to.asIntBuffer().put(ints, 0, n);
            }
            case BFLOAT16 -> throw new IllegalArgumentException(
                    "expected a tensor of full precision, found " + from.dtype());
        }
        return sum == 0;
    }

    /** Four sums, since one would wait for each addition. */
    private static float sumOfZeros(float[] x, int n) {
        float a = 0;
        float b = 0;
        float c = 0;
        float d = 0;
        int i = 0;
        for (; i + 3 < n; i += 4) {
            a += x[i] * 0;
            b += x[i + 1] * 0;
            c += x[i + 2] * 0;
            d += x[i + 3] * 0;
        }
        for (; i < n; i++) {
            a += x[i] * 0;
        }
        return a + b + (c + d);
    }

    /** Hands bytes [at, at + count) to a sink. */
    void read(long at, long count, Sink sink) throws IOException {
        long end = at + count;
        for (long from = at; from < end; ) {
            int inPage = (int) (from % PAGE);
            int n = (int) Math.min(PAGE - inPage, end - from);
            sink.accept(pages.get((int) (from / PAGE)).duplicate().position(inPage).limit(inPage + n));
            from += n;
        }
    }
}
