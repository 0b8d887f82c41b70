package org.windtunnel.checkpoint;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.windtunnel.config.ConfigException;
import org.windtunnel.tensor.Tensor;

/**
 * A checkpoint whose files were all found to be what was written.
 *
 * @param path its directory
 * @param hash SHA-256 over the hashes of its tensor files: equal states have equal hashes, whenever they were written
 */
public record Checkpoint(Path path, CheckpointMeta meta, String hash) {
    static final String META = "checkpoint.json";
    /** As {@code sha256sum} writes and checks it. */
    static final String SUMS = "SHA256SUMS";

    private static final long MAX_SMALL_FILE = 64L << 20;

    /**
     * Reads a checkpoint's description and checks every file.
     *
     * @throws DamagedException if a file is missing, cut short or changed
     * @throws ConfigException if it is of a newer format
     */
    static Checkpoint verify(Path path) throws DamagedException {
        Map<String, String> sums = sums(small(path, SUMS));
        requireAllNamed(path, sums);
        for (Map.Entry<String, String> sum : sums.entrySet()) {
            try {
                if (!Sha256.of(path.resolve(sum.getKey())).equals(sum.getValue())) {
                    throw new DamagedException(sum.getKey() + " is not what was written (its SHA-256 differs)");
                }
            } catch (IOException e) {
                throw unreadable(sum.getKey(), e);
            }
        }
        CheckpointMeta meta = CheckpointMeta.parse(small(path, META));
        if (!path.getFileName().toString().equals(Checkpoints.name(meta.step()))) {
            throw new DamagedException("it is of step " + meta.step());
        }
        return new Checkpoint(path, meta, hash(sums));
    }

    /** A list that has lost a line would leave that file unchecked. */
    private static void requireAllNamed(Path path, Map<String, String> sums) throws DamagedException {
        try (Stream<Path> files = Files.list(path)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (!name.equals(SUMS) && !name.startsWith(".") && !sums.containsKey(name)) {
                    throw new DamagedException(SUMS + " does not name " + name);
                }
            }
        } catch (IOException e) {
            throw unreadable("it", e);
        }
    }

    private static byte[] small(Path path, String name) throws DamagedException {
        Path file = path.resolve(name);
        try {
            if (Files.size(file) > MAX_SMALL_FILE) {
                throw new DamagedException(name + " has " + Files.size(file) + " bytes");
            }
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw unreadable(name, e);
        }
    }

    private static DamagedException unreadable(String name, IOException e) {
        return new DamagedException(
                name + (e instanceof NoSuchFileException ? " is missing" : " cannot be read: " + e));
    }

    private static Map<String, String> sums(byte[] text) throws DamagedException {
        Map<String, String> sums = new TreeMap<>();
        String all = new String(text, StandardCharsets.ISO_8859_1);
        if (!all.endsWith("\n") || all.endsWith("\n\n")) {
            throw new DamagedException(SUMS + " does not end as it should");
        }
        for (String line : all.split("\n")) {
            if (!line.matches("[0-9a-f]{64}  [a-z_]+\\.(safetensors|json)")
                    || sums.put(line.substring(66), line.substring(0, 64)) != null) {
                throw new DamagedException(SUMS + " is not a list of SHA-256 sums");
            }
        }
        if (!sums.containsKey(META)) {
            throw new DamagedException(SUMS + " does not name " + META);
        }
        return sums;
    }

    /** @param sums by file name */
    static String hash(Map<String, String> sums) {
        StringBuilder text = new StringBuilder();
        new TreeMap<>(sums).forEach((file, sum) -> {
            if (!file.equals(META)) {
                text.append(sum).append("  ").append(file).append('\n');
            }
        });
        return Sha256.of(text.toString());
    }

    /**
     * Fills live tensors with the saved ones, bit for bit.
     *
     * @throws ConfigException unless names, types and shapes are the same
     */
    public void load(TensorGroups into) {
        Map<String, SafetensorsFile> files = new LinkedHashMap<>();
        try {
            for (String group : into.groups().keySet()) {
                files.put(group, open(group));
            }
            for (Map.Entry<String, Map<String, Tensor>> group : into.groups().entrySet()) {
                files.get(group.getKey()).readAll(group.getValue());
            }
        } finally {
            files.values().forEach(SafetensorsFile::close);
        }
    }

    /** Names of its groups of tensors. */
    public List<String> groups() {
        try (Stream<Path> files = Files.list(path)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(TensorGroups.SUFFIX))
                    .map(name -> name.substring(0, name.length() - TensorGroups.SUFFIX.length()))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new ConfigException(path + ": cannot be listed: " + e.getMessage(), e);
        }
    }

    /** One group of its tensors, such as {@code weights}; the caller closes it. */
    public SafetensorsFile open(String group) {
        return SafetensorsFile.open(path.resolve(TensorGroups.file(group)));
    }
}
