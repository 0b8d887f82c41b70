package org.windtunnel.backend.cuda;

/**
 * What the driver says about a card.
 *
 * @param major first digit of the compute capability, as in 9.0
 * @param sharedBytesPerBlock shared memory a block can have after asking for it
 * @param software driver and library versions, for display
 */
public record DeviceInfo(
        String name,
        int major,
        int minor,
        int multiprocessors,
        long totalBytes,
        int sharedBytesPerBlock,
        String software) {

    /** The compute capability, as in 9.0. */
    public String capability() {
        return major + "." + minor;
    }
}
