package org.windtunnel.checkpoint;

/** A checkpoint that is not what was written; the message says where. */
final class DamagedException extends Exception {
    private static final long serialVersionUID = 1L;

    DamagedException(String message) {
        super(message);
    }
}
