package org.windtunnel.record;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.stream.Stream;
import org.windtunnel.record.RunDirectoryException.Kind;

/**
 * A run directory owned by this process, format version {@value #FORMAT} of {@code runs/README.md}.
 *
 * <p>Ownership is an operating-system lock on {@code .lock}: it vanishes with the process, so a killed run never blocks
 * the next one. Files other than the line logs are written beside their name and moved into place, so a reader sees
 * them whole or not at all.
 */
public final class RunDirectory implements AutoCloseable {
    /** Version of the layout, in every manifest. */
    public static final int FORMAT = 1;

    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    private static final String LOCK = ".lock";

    private final Path path;
    private final FileChannel lockChannel;
    private final FileLock lock;

    private RunDirectory(Path path, FileChannel lockChannel, FileLock lock) {
        this.path = path;
        this.lockChannel = lockChannel;
        this.lock = lock;
    }

    /**
     * Creates the directory if needed and takes ownership.
     *
     * @throws RunDirectoryException if another process owns it or it cannot be written
     */
    public static RunDirectory open(Path path) {
        FileChannel channel = null;
        try {
            Files.createDirectories(path);
            channel = FileChannel.open(
                    path.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            FileLock lock = tryLock(channel);
            if (lock == null) {
                String owner = Files.readString(path.resolve(LOCK)).strip();
                channel.close();
                throw new RunDirectoryException(
                        Kind.OWNED,
                        "run directory " + path + " is owned by another process"
                                + (owner.isEmpty() ? "" : " (" + owner + ")") + "; wait for it to end, or stop it",
                        null);
            }
            channel.truncate(0);
            String owner = "pid " + ProcessHandle.current().pid() + "\n";
            channel.write(ByteBuffer.wrap(owner.getBytes(StandardCharsets.UTF_8)));
            return new RunDirectory(path, channel, lock);
        } catch (IOException e) {
            closeQuietly(channel);
            throw notWritable(path, e);
        }
    }

    private static FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            // The same process holds it: two trainers of one JVM were given the same run.
            return null;
        }
    }

    /** The marker in a run directory, without owning it. */
    public static Optional<RunStatus> statusOf(Path path) {
        return Stream.of(RunStatus.values())
                .filter(s -> Files.exists(path.resolve(s.name())))
                .findFirst();
    }

    public Path path() {
        return path;
    }

    public Optional<RunStatus> status() {
        return statusOf(path);
    }

    /** Removes markers and logs of an earlier, unfinished attempt, so that the run can start over. */
    public void clear() {
        try (Stream<Path> files = Files.list(path)) {
            for (Path file : files.filter(f -> !f.endsWith(LOCK)).toList()) {
                if (Files.isRegularFile(file)) {
                    Files.delete(file);
                }
            }
        } catch (IOException e) {
            throw notWritable(path, e);
        }
    }

    /** Writes a text file whole. */
    public void writeText(String name, String text) {
        Path target = path.resolve(name);
        Path partial = path.resolve(name + ".partial");
        try {
            Files.writeString(partial, text);
            move(partial, target);
        } catch (IOException e) {
            throw notWritable(target, e);
        }
    }

    private static void move(Path from, Path to) throws IOException {
        try {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (AtomicMoveNotSupportedException e) {
            Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** Writes a JSON file whole, indented. */
    public void writeJson(String name, JsonNode content) {
        try {
            writeText(name, JSON.writeValueAsString(content) + "\n");
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Opens a line log for appending; a torn last line of an earlier attempt is cut off. */
    public JsonLines lines(String name) {
        return JsonLines.append(path.resolve(name));
    }

    /** Writes the marker that ends the run, replacing any other. */
    public void finish(RunStatus status, JsonNode content) {
        try {
            for (RunStatus other : RunStatus.values()) {
                if (other != status) {
                    Files.deleteIfExists(path.resolve(other.name()));
                }
            }
        } catch (IOException e) {
            throw notWritable(path, e);
        }
        writeJson(status.name(), content);
    }

    /** Gives up ownership. */
    @Override
    public void close() {
        try {
            lock.release();
        } catch (IOException e) {
            // The channel is closed next, which releases the lock as well.
        }
        closeQuietly(lockChannel);
    }

    private static void closeQuietly(FileChannel channel) {
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                // Nothing was buffered in it.
            }
        }
    }

    /** A write that failed, as the message a user can act on. */
    static RunDirectoryException notWritable(Path what, IOException e) {
        String reason = e.getMessage();
        if (e instanceof AccessDeniedException) {
            reason = "permission denied";
        } else if (e instanceof FileSystemException f && f.getReason() != null) {
            reason = f.getReason();
        }
        return new RunDirectoryException(
                Kind.NOT_WRITABLE,
                "cannot write " + what + ": " + reason
                        + "; free disk space, check its permissions, or choose another place with --runs",
                e);
    }
}
