package org.windtunnel.record;

/** A run directory that cannot be written or is not ours to write; the message is all that the user is shown. */
public final class RunDirectoryException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What went wrong, for the exit code. */
    public enum Kind {
        /** Disk full, read-only, no permission. */
        NOT_WRITABLE,
        /** Another process owns the run. */
        OWNED
    }

    private final Kind kind;

    RunDirectoryException(Kind kind, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    public Kind kind() {
        return kind;
    }
}
