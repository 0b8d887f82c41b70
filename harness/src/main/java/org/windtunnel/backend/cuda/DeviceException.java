package org.windtunnel.backend.cuda;

/** A card, its driver or one of CUDA's libraries refused what was asked of it; the message is written for the user. */
public final class DeviceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean lost;

    public DeviceException(String message) {
        this(message, false);
    }

    /** @param lost whether this process can do nothing more on the card, as after a kernel's fault */
    public DeviceException(String message, boolean lost) {
        super(message);
        this.lost = lost;
    }

    /** Whether this process can do nothing more on the card; another process may. */
    public boolean isLost() {
        return lost;
    }
}
