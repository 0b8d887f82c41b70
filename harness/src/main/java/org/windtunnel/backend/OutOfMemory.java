package org.windtunnel.backend;

/** Memory asked of a backend that is not there; its message says how much was wanted. */
public final class OutOfMemory extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public OutOfMemory(String message, Throwable cause) {
        super(message, cause);
    }
}
