package org.windtunnel.backend.cuda;

/** A card, its driver or one of CUDA's libraries refused what was asked of it. */
public final class DeviceException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public DeviceException(String message) {
        super(message);
    }
}
