package org.windtunnel.checkpoint;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.windtunnel.tensor.Tensor;

/**
 * The tensors of a run by group and name, as views of the live memory; each group is a file of a checkpoint.
 *
 * @param groups {@code weights}, {@code optimizer} and so on; groups without tensors are left out
 */
public record TensorGroups(Map<String, Map<String, Tensor>> groups) {
    static final String SUFFIX = ".safetensors";

    public TensorGroups {
        Map<String, Map<String, Tensor>> filled = new LinkedHashMap<>();
        groups.forEach((group, tensors) -> {
            if (!group.matches("[a-z][a-z_]*")) {
                throw new IllegalArgumentException("expected a group name of lower-case letters, found " + group);
            }
            if (!tensors.isEmpty()) {
                filled.put(group, Collections.unmodifiableMap(new LinkedHashMap<>(tensors)));
            }
        });
        groups = Collections.unmodifiableMap(filled);
    }

    /** Bytes of all tensors. */
    public long bytes() {
        return groups.values().stream()
                .flatMap(group -> group.values().stream())
                .mapToLong(t -> t.size() * t.storage().dtype().bytes())
                .sum();
    }

    static String file(String group) {
        return group + SUFFIX;
    }
}
