package org.windtunnel.record;

/**
 * How far a log was written at some moment, and what it held: enough to cut it back to that moment, or to see that it
 * cannot be.
 *
 * @param file name within the run directory
 * @param bytes length
 * @param crc32c checksum of these bytes
 */
public record LogPosition(String file, long bytes, long crc32c) {
    public LogPosition {
        if (!file.matches("[A-Za-z0-9_][A-Za-z0-9._-]{0,200}") || bytes < 0) {
            throw new IllegalArgumentException(
                    "expected a log of a run directory and its length, found " + file + ", " + bytes);
        }
    }
}
