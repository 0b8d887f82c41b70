package org.windtunnel.backend.cuda.driver;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;
import java.util.stream.Stream;
import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.windtunnel.backend.cuda.Device;

/**
 * Page-locked host memory: a ring that uploads go through without waiting for the card, and a part for downloads. A
 * segment of the ring is used again when the last upload from it is done, whatever has been queued behind that.
 */
final class PinnedMemory implements AutoCloseable {
    /** Most bytes of one transfer. */
    static final int TRANSFER = 4 << 20;
    private static final int SEGMENTS = 8;
    private static final int RING = SEGMENTS * TRANSFER;
    private static final int ALIGNMENT = 64;
    private static final int SLOTS = Device.SENT_SLOTS;
    private static final int SENT = RING + TRANSFER;
    private static final int BYTES = SENT + SLOTS * Device.SENT_BYTES;
    private static final int CU_EVENT_DISABLE_TIMING = 2;

    private final CUstream_st stream;
    /** One for each slot that has been used. */
    private final CUevent_st[] arrived = new CUevent_st[SLOTS];
    private final int[] sent = new int[SLOTS];
    private final BytePointer memory;
    private final ByteBuffer buffer;
    /** The last upload from each segment. */
    private final CUevent_st[] uploaded = new CUevent_st[SEGMENTS];
    private int segment;
    /** Bytes of the segment that have been given out. */
    private int used;
    private int staged;

    PinnedMemory(CUstream_st stream) {
        this.stream = stream;
        try (PointerPointer<BytePointer> address = new PointerPointer<>(1)) {
            Status.driver(cudart.cuMemAllocHost(address, BYTES), "allocating page-locked host memory");
            memory = address.get(BytePointer.class).capacity(BYTES);
        }
        buffer = memory.asByteBuffer().order(ByteOrder.nativeOrder());
    }

    ByteBuffer staging(int bytes) {
        requireSize(bytes);
        if (used + bytes > TRANSFER) {
            segment = (segment + 1) % SEGMENTS;
            used = 0;
            if (uploaded[segment] != null) {
                Status.driver(cudart.cuEventSynchronize(uploaded[segment]), "waiting for uploads");
            }
        }
        staged = segment * TRANSFER + used;
        used += (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        return slice(staged, bytes);
    }

    void upload(int bytes, long to) {
        if (bytes > 0) {
            memory.position(staged);
            Status.driver(cudart.cuMemcpyHtoDAsync(to, memory, bytes, stream), "copying to the GPU");
            mark(uploaded, segment);
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

    void send(long from, int bytes, int slot) {
        if (bytes > Device.SENT_BYTES) {
            throw new IllegalArgumentException("expected at most " + Device.SENT_BYTES + " bytes, found " + bytes);
        }
        memory.position(SENT + slot * Device.SENT_BYTES);
        Status.driver(cudart.cuMemcpyDtoHAsync(memory, from, bytes, stream), "copying from the GPU");
        mark(arrived, slot);
        sent[slot] = bytes;
    }

    private void mark(CUevent_st[] events, int index) {
        if (events[index] == null) {
            events[index] = new CUevent_st();
            Status.driver(cudart.cuEventCreate(events[index], CU_EVENT_DISABLE_TIMING), "creating an event");
        }
        Status.driver(cudart.cuEventRecord(events[index], stream), "marking the end of a copy");
    }

    ByteBuffer receive(int slot) {
        Status.driver(cudart.cuEventSynchronize(arrived[slot]), "waiting for a copy from the GPU");
        return slice(SENT + slot * Device.SENT_BYTES, sent[slot]);
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
        Stream.of(arrived, uploaded)
                .flatMap(Arrays::stream)
                .filter(Objects::nonNull)
                .forEach(cudart::cuEventDestroy);
        cudart.cuMemFreeHost(memory.position(0));
    }
}
