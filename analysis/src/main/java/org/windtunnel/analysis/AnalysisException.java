package org.windtunnel.analysis;

/**
 * Something the user can put right: a missing file, a column that is not there, data that cannot carry the request.
 *
 * <p>The message is all that is shown: what was expected, what was found, where, and what to try.
 */
public final class AnalysisException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public AnalysisException(String message) {
        super(message);
    }

    public AnalysisException(String message, Throwable cause) {
        super(message, cause);
    }
}
