package org.windtunnel.data.image;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.config.ConfigException;
import org.windtunnel.data.InputFiles;

/** What the readers of image files share. */
final class ImageFiles {
    private ImageFiles() {}

    /**
     * Files of a data set's directory.
     *
     * @throws ConfigException if there are none, or one is there both plain and compressed
     */
    static List<Path> resolve(List<String> patterns, Path dir, String key) {
        if (!Files.isDirectory(dir)) {
            throw new ConfigException("data.dir: no directory " + dir.toAbsolutePath().normalize()
                    + "; set data.dir to where the files are, or get them with `windtunnel data get` (`windtunnel data "
                    + "list` says which)");
        }
        List<Path> files = InputFiles.resolve(patterns, dir, key);
        Map<String, Path> plain = new HashMap<>();
        for (Path file : files) {
            Path twin = plain.put(file.toString().replaceFirst("\\.(gz|xz)$", ""), file);
            if (twin != null) {
                throw new ConfigException(key + ": expected each file once, found " + twin.getFileName() + " and "
                        + file.getFileName() + "; remove one or name the other");
            }
        }
        return files;
    }

    /** @throws ConfigException if a label from {@code from} on is no class */
    static void requireLabels(byte[] labels, int from, int classes, Path file, String key) {
        for (int i = from; i < labels.length; i++) {
            if ((labels[i] & 0xFF) >= classes) {
                throw new ConfigException(key + ": image " + (i - from) + " of " + file + " has the label "
                        + (labels[i] & 0xFF) + ", expected 0 to " + (classes - 1)
                        + "; the file is damaged, or of another data set");
            }
        }
    }
}
