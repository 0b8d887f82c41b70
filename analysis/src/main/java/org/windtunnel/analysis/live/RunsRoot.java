package org.windtunnel.analysis.live;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.windtunnel.analysis.AnalysisException;

/**
 * A directory tree that is read and never left: a link that leads out of it is as good as absent, and only regular files
 * are opened, so that a pipe under a log's name holds nobody up.
 */
final class RunsRoot {
    private final Path root;

    private RunsRoot(Path root) {
        this.root = root;
    }

    /** @throws AnalysisException if it is not a directory */
    static RunsRoot at(Path directory) {
        try {
            if (Files.isDirectory(directory)) {
                return new RunsRoot(directory.toRealPath());
            }
        } catch (IOException e) {
            throw new AnalysisException(
                    "Cannot read " + directory + ": " + e.getMessage() + ". Check its permissions.", e);
        }
        throw new AnalysisException("Expected a directory of runs at " + directory + ", found "
                + (Files.exists(directory) ? "a file" : "nothing")
                + ". Run `windtunnel sweep CONFIG` first or check the path.");
    }

    /** The root without links in its path. */
    Path path() {
        return root;
    }

    /** Names of the directories in a directory, sorted; none where it cannot be read. */
    List<String> directories(Path within) {
        List<String> names = new ArrayList<>();
        anyDirectory(within, directory -> {
            names.add(directory.getFileName().toString());
            return false;
        });
        Collections.sort(names);
        return names;
    }

    /** Whether a directory holds one that passes a test; it is not asked further once one has. */
    boolean anyDirectory(Path within, Predicate<Path> test) {
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(within)) {
            for (Path entry : entries) {
                if (!entry.getFileName().toString().startsWith(".") && isDirectory(entry) && test.test(entry)) {
                    return true;
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            return false;
        }
        return false;
    }

    /** Thousands of entries are looked at every second; only links need their whole path resolved. */
    private boolean isDirectory(Path entry) {
        return Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)
                || Files.isSymbolicLink(entry) && Files.isDirectory(entry) && isInside(entry);
    }

    private boolean isInside(Path path) {
        try {
            return path.toRealPath().startsWith(root);
        } catch (IOException e) {
            return false;
        }
    }

    /** Facts about a regular file, not a link, in a directory that this root has listed; empty if there is none. */
    Optional<BasicFileAttributes> file(Path path) {
        try {
            BasicFileAttributes facts =
                    Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            return facts.isRegularFile() ? Optional.of(facts) : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Opens a regular file in the tree for reading. @throws NoSuchFileException if there is none */
    FileChannel open(Path path) throws IOException {
        if (file(path).isEmpty() || !isInside(path)) {
            throw new NoSuchFileException(path.toString());
        }
        return FileChannel.open(path, StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS);
    }

    /** A file's first bytes, at most {@code limit} of them. */
    byte[] head(Path path, int limit) throws IOException {
        try (FileChannel channel = open(path);
                InputStream in = Channels.newInputStream(channel)) {
            return in.readNBytes(limit);
        }
    }

    /** A file's last bytes, at most {@code limit} of them. */
    byte[] tail(Path path, int limit) throws IOException {
        try (FileChannel channel = open(path);
                InputStream in = Channels.newInputStream(channel)) {
            channel.position(Math.max(0, channel.size() - limit));
            return in.readNBytes(limit);
        }
    }
}
