package org.windtunnel.config;

/**
 * A mistake of the user's in an experiment file or its inputs; the message is all that is shown (exit code 2).
 *
 * <p>Messages say what was expected, what was found, where, and what to try.
 */
public final class ConfigException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String key;

    public ConfigException(String message) {
        super(message);
        this.key = null;
    }

    public ConfigException(String message, Throwable cause) {
        super(message, cause);
        this.key = null;
    }

    private ConfigException(String key, String message) {
        super(message);
        this.key = key;
    }

    /**
     * A record's refusal of its values, to be thrown from its constructor.
     *
     * @param key the key of that record to blame, in snake_case; the loader reports its place
     */
    public static ConfigException of(String key, String message) {
        return new ConfigException(key, message);
    }

    /** The key to blame, or null. */
    String key() {
        return key;
    }
}
