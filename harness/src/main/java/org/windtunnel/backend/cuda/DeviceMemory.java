package org.windtunnel.backend.cuda;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.windtunnel.backend.OutOfMemory;

/**
 * Hands out parts of a few large allocations of a device, which asks the driver as rarely as possible: once, if
 * {@link #reserve} is told what a run takes. A slab is given back when nothing of it is in use.
 */
final class DeviceMemory implements AutoCloseable {
    /** Alignment of every part: a cache line, and what vector loads and tensor cores want. */
    static final long ALIGNMENT = 256;
    /** Smallest allocation asked of the driver. */
    static final long SLAB = 32L << 20;

    private final Device device;
    private final List<Slab> slabs = new ArrayList<>();

    DeviceMemory(Device device) {
        this.device = device;
    }

    /** Free extents of one allocation, start to length. */
    private static final class Slab {
        private final long address;
        private final long bytes;
        private long most;
        private final TreeMap<Long, Long> free = new TreeMap<>();

        Slab(long address, long bytes) {
            this.address = address;
            this.bytes = bytes;
            free.put(address, bytes);
        }

        boolean holds(long at) {
            return at >= address && at < address + bytes;
        }

        boolean unused() {
            return free.size() == 1 && free.firstEntry().getValue() == bytes;
        }

        /** First fit, or -1. */
        long take(long size) {
            for (Map.Entry<Long, Long> extent : free.entrySet()) {
                long length = extent.getValue();
                if (length >= size) {
                    long at = extent.getKey();
                    free.remove(at);
                    if (length > size) {
                        free.put(at + size, length - size);
                    }
                    most = Math.max(most, at + size - address);
                    return at;
                }
            }
            return -1;
        }

        void give(long at, long size) {
            long start = at;
            long length = size;
            Map.Entry<Long, Long> before = free.lowerEntry(at);
            if (before != null && before.getKey() + before.getValue() == at) {
                start = before.getKey();
                length += before.getValue();
            }
            Long after = free.remove(at + size);
            free.put(start, after == null ? length : length + after);
        }
    }

    /** Bytes that a block of this size takes. */
    static long rounded(long bytes) {
        return (Math.max(1, bytes) + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /** Makes one allocation of the driver that later ones come out of. */
    void reserve(long bytes) {
        slabs.add(new Slab(device.allocate(rounded(bytes)), rounded(bytes)));
    }

    /**
     * Memory of any content.
     *
     * @throws OutOfMemory if the card does not have it
     */
    long allocate(long bytes) {
        long size = rounded(bytes);
        for (Slab slab : slabs) {
            long at = slab.take(size);
            if (at >= 0) {
                return at;
            }
        }
        reserve(Math.max(size, SLAB));
        return slabs.get(slabs.size() - 1).take(size);
    }

    /** @param bytes what {@link #allocate} was asked for */
    void free(long address, long bytes) {
        for (Iterator<Slab> all = slabs.iterator(); all.hasNext(); ) {
            Slab slab = all.next();
            if (slab.holds(address)) {
                slab.give(address, rounded(bytes));
                if (slab.unused() && slab.bytes > SLAB) {
                    all.remove();
                    device.free(slab.address);
                }
                return;
            }
        }
        throw new IllegalStateException("memory that this device did not give");
    }

    /** Bytes of the first allocation up to the last that was ever in use. */
    long most() {
        return slabs.isEmpty() ? 0 : slabs.get(0).most;
    }

    /** Allocations of the driver in use. */
    int slabs() {
        return slabs.size();
    }

    @Override
    public void close() {
        slabs.forEach(slab -> device.free(slab.address));
        slabs.clear();
    }
}
