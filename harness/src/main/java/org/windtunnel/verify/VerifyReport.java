package org.windtunnel.verify;

import java.util.List;

/**
 * What a verification found.
 *
 * @param checks every compared quantity
 * @param unsupported files and parts of files that this version cannot replay yet; they do not count as failures
 * @param unreadable files that should have been replayed and could not be read; they do
 */
public record VerifyReport(List<Check> checks, List<Left> unsupported, List<Left> unreadable) {
    public VerifyReport {
        checks = List.copyOf(checks);
        unsupported = List.copyOf(unsupported);
        unreadable = List.copyOf(unreadable);
    }

    /**
     * Something left out.
     *
     * @param file its path as given or found
     * @param reason why
     */
    public record Left(String file, String reason) {}

    /** Whether every check is within tolerance, every file could be read, and there was at least one check. */
    public boolean passed() {
        return !checks.isEmpty() && unreadable.isEmpty() && checks.stream().allMatch(Check::passed);
    }
}
