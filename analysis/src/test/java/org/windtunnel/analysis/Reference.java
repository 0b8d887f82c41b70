package org.windtunnel.analysis;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** Published data beside the repository, which is not part of it. */
public final class Reference {
    private Reference() {}

    /** Whether a file under {@code shared/reference/laws} is there. */
    public static boolean isThere(String file) {
        return find(file) != null;
    }

    /** A file under {@code shared/reference/laws}; without it the test is skipped and says so. */
    public static Path law(String file) {
        Path found = find(file);
        if (found != null) {
            return found;
        }
        String reason = "skipped: no shared/reference/laws/" + file + " beside " + Path.of("").toAbsolutePath();
        System.out.println(reason);
        Assumptions.abort(reason);
        throw new IllegalStateException(reason);
    }

    private static Path find(String file) {
        for (Path dir = Path.of("").toAbsolutePath(); dir != null; dir = dir.getParent()) {
            Path found = dir.resolve("shared/reference/laws").resolve(file);
            if (Files.isRegularFile(found)) {
                return found;
            }
        }
        return null;
    }
}
