package org.windtunnel.verify;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.function.Supplier;
import org.windtunnel.backend.Backend;

/** A kind of golden file that can be replayed, chosen by the file's {@code format} field. */
public interface GoldenFormat {

    /** The value of {@code format}, for example {@code model-golden/v1}. */
    String format();

    /**
     * Why this file, though of this format, cannot be replayed (a model family or optimizer that does not exist yet), or
     * null if it can.
     */
    String unsupported(String name, JsonNode root);

    /** Why parts of a file that {@link #replay} does handle are left out, one reason each. */
    default List<String> unsupportedParts(String name, JsonNode root) {
        return List.of();
    }

    /**
     * Replays the file.
     *
     * @param name file name without extension
     * @param backend opens a backend to run on; the caller of this supplier closes it
     */
    List<Check> replay(String name, JsonNode root, Supplier<Backend> backend);
}
