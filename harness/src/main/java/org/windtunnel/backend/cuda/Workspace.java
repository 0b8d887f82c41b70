package org.windtunnel.backend.cuda;

/**
 * Device memory for what passes between the kernels of one call. It grows to the largest call seen, so that the second
 * call with a shape takes none; work in the queue uses it in turn.
 */
final class Workspace implements AutoCloseable {
    private final DeviceMemory memory;
    private long address;
    private long bytes;

    Workspace(DeviceMemory memory) {
        this.memory = memory;
    }

    /** Memory of any content, until the next call of this method. */
    long take(long wanted) {
        if (wanted > bytes) {
            close();
            address = memory.allocate(wanted);
            bytes = wanted;
        }
        return address;
    }

    long bytes() {
        return bytes;
    }

    /** Where it is; whoever keeps an address that {@link #take} gave has to look whether it is there still. */
    long address() {
        return address;
    }

    @Override
    public void close() {
        if (bytes > 0) {
            memory.free(address, bytes);
            bytes = 0;
        }
    }
}
