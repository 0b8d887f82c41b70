package org.windtunnel.data;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/** Data sets beside the checkout, at {@code ../shared/data} from its root; tests that need them are skipped elsewhere. */
public final class SharedData {
    private SharedData() {}

    public static Path file(String name) {
        Path at = Path.of("").toAbsolutePath();
        while (at != null && !Files.isRegularFile(at.resolve("harness/pom.xml"))) {
            at = at.getParent();
        }
        Path file = at == null ? Path.of(name) : at.resolve("../shared/data").resolve(name).normalize();
        if (!Files.isReadable(file)) {
            String reason = "skipped: no data set " + file;
            System.out.println(reason);
            Assumptions.abort(reason);
        }
        return file;
    }
}
