package org.windtunnel.config;

/**
 * A mistake of the user's in an experiment file or its inputs; the message is all that is shown (exit code 2).
 *
 * <p>Messages say what was expected, what was found, where, and what to try.
 */
public final class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ConfigException(String message) {
        super(message);
    }

    public ConfigException(String message, Throwable cause) {
        super(message, cause);
    }
}
