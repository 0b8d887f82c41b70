package org.windtunnel.analysis;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** Published data beside the repository, which is not part of it. */
public final class Reference {
    private Reference() {}

    /** A file under {@code shared/reference/laws}; without it the test is skipped and says so. */
    public static Path law(String file) {
        Path root = Path.of("").toAbsolutePath();
        for (Path dir = root; dir != null; dir = dir.getParent()) {
            Path found = dir.resolve("shared/reference/laws").resolve(file);
            if (Files.isRegularFile(found)) {
                return found;
            }
        }
        String reason = "skipped: no shared/reference/laws/" + file + " beside " + root;
        System.out.println(reason);
        Assumptions.abort(reason);
        throw new IllegalStateException(reason);
    }
}
