package org.windtunnel.backend.cuda.driver;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;

/**
 * Page-locked host memory: a ring that uploads go through without waiting for the card, and a part for downloads. When
 * the ring comes round, what was queued from it is waited for.
 */
final class PinnedMemory implements AutoCloseable {
    /** Most bytes of one transfer. */
    static final int TRANSFER = 4 << 20;
    private static final int RING = 4 * TRANSFER;
    private static final int ALIGNMENT = 64;

    private final CUstream_st stream;
    private final BytePointer memory;
    private final ByteBuffer buffer;
    private int next;
    private int staged;

    PinnedMemory(CUstream_st stream) {
        this.stream = stream;
        try (PointerPointer<BytePointer> address = new PointerPointer<>(1)) {
            Status.driver(cudart.cuMemAllocHost(address, RING + TRANSFER), "allocating page-locked host memory");
            memory = address.get(BytePointer.class).capacity(RING + TRANSFER);
        }
        buffer = memory.asByteBuffer().order(ByteOrder.nativeOrder());
    }

    ByteBuffer staging(int bytes) {
        requireSize(bytes);
        if (next + bytes > RING) {
            Status.driver(cudart.cuStreamSynchronize(stream), "waiting for uploads");
            next = 0;
        }
        staged = next;
        next += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        return slice(staged, bytes);
    }

    void upload(int bytes, long to) {
        if (bytes > 0) {
            memory.position(staged);
            Status.driver(cudart.cuMemcpyHtoDAsync(to, memory, bytes, stream), "copying to the GPU");
        }
    }

    ByteBuffer download(long from, int bytes) {
        requireSize(bytes);
        if (bytes > 0) {
            memory.position(RING);
            Status.driver(cudart.cuMemcpyDtoHAsync(memory, from, bytes, stream), "copying from the GPU");
        }
        Status.driver(cudart.cuStreamSynchronize(stream), "waiting for the GPU");
        return slice(RING, bytes);
    }

    private ByteBuffer slice(int at, int bytes) {
        return buffer.slice(at, bytes).order(ByteOrder.nativeOrder());
    }

    private static void requireSize(int bytes) {
        if (bytes < 0 || bytes > TRANSFER) {
            throw new IllegalArgumentException("expected at most " + TRANSFER + " bytes, found " + bytes);
        }
    }

    @Override
    public void close() {
        cudart.cuMemFreeHost(memory.position(0));
    }
}
