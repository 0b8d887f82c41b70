package org.windtunnel.data;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;
import org.tukaani.xz.XZIOException;
import org.tukaani.xz.XZInputStream;
import org.windtunnel.config.ConfigException;

/** Finds and reads the files a config names. */
public final class InputFiles {
    private static final String GLOB_CHARACTERS = "*?[{";
    private static final int MAX_BYTES = Integer.MAX_VALUE - 8;

    private InputFiles() {}

    /**
     * Files that the patterns name, in their order, each glob's matches sorted by path, each file once.
     *
     * @param key config key for messages, such as {@code data.train}
     * @throws ConfigException if a pattern names no readable file
     */
    public static List<Path> resolve(List<String> patterns, Path baseDir, String key) {
        Set<Path> files = new LinkedHashSet<>();
        for (String pattern : patterns) {
            files.addAll(resolve(pattern, baseDir, key));
        }
        if (files.isEmpty()) {
            throw new ConfigException(key + ": expected at least one file, found an empty list");
        }
        return List.copyOf(files);
    }

    private static List<Path> resolve(String pattern, Path baseDir, String key) {
        if (pattern.isBlank()) {
            throw new ConfigException(key + ": expected a file name, found an empty string");
        }
        boolean glob = pattern.chars().anyMatch(c -> GLOB_CHARACTERS.indexOf(c) >= 0);
        if (glob && !exists(pattern, baseDir)) {
            return expand(pattern, baseDir, key);
        }
        Path file = path(pattern, baseDir, key);
        if (Files.isDirectory(file)) {
            throw new ConfigException(key + ": expected a file, found the directory " + file
                    + "; name its files, such as " + pattern + "/*.txt");
        }
        if (!Files.exists(file)) {
            throw new ConfigException(key + ": no file " + file + " (relative paths start at "
                    + baseDir.toAbsolutePath().normalize() + ")");
        }
        requireReadable(file, key);
        return List.of(file);
    }

    private static boolean exists(String pattern, Path baseDir) {
        try {
            return Files.exists(baseDir.resolve(pattern));
        } catch (InvalidPathException e) {
            return false;
        }
    }

    private static Path path(String name, Path baseDir, String key) {
        try {
            return baseDir.resolve(name).toAbsolutePath().normalize();
        } catch (InvalidPathException e) {
            throw new ConfigException(key + ": \"" + name + "\" is not a path: " + e.getReason(), e);
        }
    }

    private static void requireReadable(Path file, String key) {
        if (!Files.isReadable(file)) {
            throw new ConfigException(key + ": cannot read " + file + "; check its permissions");
        }
    }

    private static List<Path> expand(String pattern, Path baseDir, String key) {
        String[] parts = pattern.split("/");
        StringBuilder fixed = new StringBuilder();
        int first = 0;
        while (first < parts.length - 1 && parts[first].chars().noneMatch(c -> GLOB_CHARACTERS.indexOf(c) >= 0)) {
            fixed.append(parts[first]).append('/');
            first++;
        }
        Path root = path(fixed.toString(), baseDir, key);
        String rest = String.join("/", List.of(parts).subList(first, parts.length));
        PathMatcher matcher = matcher(rest, key);
        int depth = rest.contains("**") ? Integer.MAX_VALUE : parts.length - first;
        List<Path> found = new ArrayList<>();
        if (Files.isDirectory(root)) {
            try (Stream<Path> walk = Files.walk(root, depth, FileVisitOption.FOLLOW_LINKS)) {
                walk.filter(Files::isRegularFile)
                        .filter(file -> matcher.matches(root.relativize(file)))
                        .sorted()
                        .forEach(found::add);
            } catch (IOException | UncheckedIOException e) {
                throw new ConfigException(key + ": cannot list " + root + ": " + reason(e), e);
            }
        }
        if (found.isEmpty()) {
            throw new ConfigException(key + ": expected files that match " + pattern + ", found none under " + root);
        }
        found.forEach(file -> requireReadable(file, key));
        return found;
    }

    private static PathMatcher matcher(String glob, String key) {
        try {
            return FileSystems.getDefault().getPathMatcher("glob:" + glob);
        } catch (PatternSyntaxException e) {
            throw new ConfigException(key + ": \"" + glob + "\" is not a glob: " + e.getDescription(), e);
        }
    }

    /**
     * A file's content, decompressed where its name ends in .gz or .xz.
     *
     * @throws ConfigException if it cannot be read, is damaged, empty, or larger than 2 GiB
     */
    public static byte[] read(Path file, String key) {
        byte[] content;
        try (InputStream in = open(file)) {
            content = in.readNBytes(MAX_BYTES);
            if (content.length == MAX_BYTES && in.read() >= 0) {
                throw new ConfigException(key + ": " + file
                        + " holds more than 2 GiB; cut it into several files and name them with a glob");
            }
        } catch (EOFException e) {
            throw new ConfigException(
                    key + ": " + file + " ends in the middle of its compressed data; get it again", e);
        } catch (ZipException | XZIOException e) {
            throw new ConfigException(key + ": " + file + " is not valid " + extension(file) + " data ("
                    + e.getMessage() + "); get it again or rename it", e);
        } catch (IOException e) {
            throw new ConfigException(key + ": cannot read " + file + ": " + reason(e), e);
        }
        if (content.length == 0) {
            throw new ConfigException(key + ": " + file + " is empty; expected data");
        }
        return content;
    }

    /** Name, stored size and hash of a file. */
    public static Provenance.Item describe(Path file, String key) {
        try {
            return new Provenance.Item(file.toString(), Files.size(file), Hashes.of(file));
        } catch (IOException e) {
            throw new ConfigException(key + ": cannot read " + file + ": " + reason(e), e);
        }
    }

    private static InputStream open(Path file) throws IOException {
        InputStream raw = Files.newInputStream(file);
        try {
            return switch (extension(file)) {
                case "gz" -> new GZIPInputStream(raw, 1 << 16);
                case "xz" -> new XZInputStream(raw);
                default -> raw;
            };
        } catch (IOException e) {
            raw.close();
            throw e;
        }
    }

    private static String extension(Path file) {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        return name.substring(name.lastIndexOf('.') + 1);
    }

    static String reason(Exception e) {
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }
}
