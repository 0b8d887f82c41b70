package org.windtunnel.record;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.LocalDateTime;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.windtunnel.record.RunDirectoryException.Kind;

/**
 * A run directory owned by this process, format version {@value #FORMAT} of {@code runs/README.md}.
 *
 * <p>Ownership is an operating-system lock on {@code .lock}: it vanishes with the process, so a killed run never blocks
 * the next one. Files other than the logs are written beside their name and moved into place, so a reader sees them
 * whole or not at all, and no log is written through a link. The logs are known by how far they were written, so that a run can go back to an earlier moment.
 */
public final class RunDirectory implements AutoCloseable {
    /** Version of the layout, in every manifest. */
    public static final int FORMAT = 1;

    /** Directory of checkpoints within a run directory. */
    public static final String CHECKPOINTS = "ckpt";

    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
    private static final String LOCK = ".lock";
    private static final int LOCK_ATTEMPTS = 5;
    private static final long LOCK_PAUSE_MILLIS = 20;

    /** Closing any channel on a file gives up all locks that this process has on it, so ours are never opened twice. */
    private static final Set<Path> OWNED = ConcurrentHashMap.newKeySet();

    private final Path path;
    private final Path key;
    private final FileChannel lockChannel;
    private final FileLock lock;
    private final Map<String, AppendFile> logs = new ConcurrentSkipListMap<>();

    private RunDirectory(Path path, Path key, FileChannel lockChannel, FileLock lock) {
        this.path = path;
        this.key = key;
        this.lockChannel = lockChannel;
        this.lock = lock;
    }

    /**
     * Creates the directory if needed and takes ownership.
     *
     * @throws RunDirectoryException if another process owns it or it cannot be written
     */
    public static RunDirectory open(Path path) {
        Path key = null;
        FileChannel channel = null;
        try {
            Files.createDirectories(path);
            Path real = path.toRealPath();
            if (!OWNED.add(real)) {
                throw owned(path, pid());
            }
            key = real;
            channel = FileChannel.open(
                    path.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            FileLock lock = lock(channel);
            if (lock == null) {
                throw owned(path, Files.readString(path.resolve(LOCK)).strip());
            }
            channel.truncate(0);
            channel.write(ByteBuffer.wrap((pid() + "\n").getBytes(StandardCharsets.UTF_8)));
            return new RunDirectory(path, key, channel, lock);
        } catch (IOException | RunDirectoryException e) {
            closeQuietly(channel);
            if (key != null) {
                OWNED.remove(key);
            }
            throw e instanceof IOException failed ? notWritable(path, failed) : (RunDirectoryException) e;
        }
    }

    private static RunDirectoryException owned(Path path, String owner) {
        return new RunDirectoryException(
                Kind.OWNED,
                "run directory " + path + " is owned by another process"
                        + (owner.isEmpty() ? "" : " (" + owner + ")") + "; wait for it to end, or stop it",
                null);
    }

    private static String pid() {
        return "pid " + ProcessHandle.current().pid();
    }

    /** Tries more than once: {@link #isOwned} in another process holds the lock for an instant. */
    private static FileLock lock(FileChannel channel) throws IOException {
        FileLock lock = channel.tryLock();
        for (int i = 1; lock == null && i < LOCK_ATTEMPTS; i++) {
            LockSupport.parkNanos(LOCK_PAUSE_MILLIS * 1_000_000);
            lock = channel.tryLock();
        }
        return lock;
    }

    /** Whether a process is at a run just now. A directory that cannot be asked counts as not owned. */
    public static boolean isOwned(Path path) {
        Path file = path.resolve(LOCK);
        try {
            if (OWNED.contains(path.toRealPath())) {
                return true;
            }
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
                    FileLock lock = channel.tryLock(0, Long.MAX_VALUE, true)) {
                return lock == null;
            }
        } catch (IOException e) {
            return false;
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

    /** Removes all that an earlier attempt left, so that the run can start over. */
    public void clear() {
        try (Stream<Path> files = Files.list(path)) {
            for (Path file : files.filter(f -> !f.endsWith(LOCK)).toList()) {
                if (Files.isRegularFile(file)) {
                    Files.delete(file);
                }
            }
            DurableFiles.deleteTree(path.resolve(CHECKPOINTS));
        } catch (IOException e) {
            throw notWritable(path, e);
        }
    }

    /** Removes the markers of an earlier attempt that is about to go on. */
    public void clearMarkers() {
        try {
            for (RunStatus status : RunStatus.values()) {
                Files.deleteIfExists(path.resolve(status.name()));
            }
        } catch (IOException e) {
            throw notWritable(path, e);
        }
    }

    /** Writes a text file whole; one that holds the text already is left alone, since waiting for the disk takes time. */
    public void writeText(String name, String text) {
        Path file = path.resolve(name);
        try {
            byte[] content = text.getBytes(StandardCharsets.UTF_8);
            boolean there = Files.isRegularFile(file)
                    && Files.size(file) == content.length
                    && Arrays.equals(Files.readAllBytes(file), content);
            if (!there) {
                DurableFiles.replace(file, text);
            }
        } catch (IOException e) {
            throw notWritable(file, e);
        }
    }

    /** Appends a line to {@code log.txt}: what happened to the run, for people. */
    public void note(String message) {
        Path file = path.resolve("log.txt");
        String line = LocalDateTime.now().truncatedTo(ChronoUnit.SECONDS) + " " + message.replaceAll("\\R", " ") + "\n";
        try {
            Files.write(
                    file,
                    line.getBytes(StandardCharsets.UTF_8),
                    StandardOpenOption.CREATE,
                    StandardOpenOption.APPEND,
                    LinkOption.NOFOLLOW_LINKS);
        } catch (IOException e) {
            throw notWritable(file, e);
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
        JsonLines lines = JsonLines.append(path.resolve(name));
        logs.put(name, lines.file());
        return lines;
    }

    /** Opens the TensorBoard events for appending. */
    TensorBoardWriter events() {
        TensorBoardWriter events = TensorBoardWriter.open(path);
        logs.put(events.file().position().file(), events.file());
        return events;
    }

    /** How far every open log is written. */
    public List<LogPosition> positions() {
        return logs.values().stream().map(AppendFile::position).toList();
    }

    /** Waits until everything logged so far is on the disk; may be called by another thread than the one that logs. */
    public void syncLogs() {
        List.copyOf(logs.values()).forEach(AppendFile::sync);
    }

    /**
     * Why the logs cannot be cut back to these positions; empty if they can. Event files are left out, since nothing is
     * computed from them.
     */
    public Optional<String> damage(List<LogPosition> positions) {
        for (LogPosition position : positions) {
            if (!isEvents(position.file()) && !holds(position)) {
                return Optional.of(position.file() + " has lost or changed what was logged before");
            }
        }
        return Optional.empty();
    }

    private boolean holds(LogPosition position) {
        try {
            return AppendFile.holds(path.resolve(position.file()), position);
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean isEvents(String name) {
        return name.startsWith(TensorBoardWriter.PREFIX);
    }

    /**
     * Cuts every log back to where it was, and logs that did not exist then to nothing. Event files that can't be are
     * dropped.
     *
     * @throws IllegalArgumentException if {@link #damage} would tell why not
     */
    public void rewind(List<LogPosition> positions) {
        damage(positions).ifPresent(reason -> {
            throw new IllegalArgumentException(reason);
        });
        logs.values().removeIf(log -> !log.isOpen());
        try (Stream<Path> files = Files.list(path)) {
            for (Path file : files.toList()) {
                String name = file.getFileName().toString();
                if (name.endsWith(".jsonl") || isEvents(name)) {
                    rewind(file, positions.stream().filter(p -> p.file().equals(name)).findFirst());
                }
            }
        } catch (IOException e) {
            throw notWritable(path, e);
        }
    }

    private void rewind(Path file, Optional<LogPosition> position) throws IOException {
        String name = file.getFileName().toString();
        AppendFile open = logs.get(name);
        LogPosition to = position.orElse(new LogPosition(name, 0, 0));
        if (open != null) {
            open.truncate(to);
        } else if (position.isEmpty() || isEvents(name) && !holds(to)) {
            Files.delete(file);
        } else {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS)) {
                channel.truncate(to.bytes());
            }
        }
    }

    /** Writes the marker that ends the run, replacing any other; what was logged is on the disk before it is. */
    public void finish(RunStatus status, JsonNode content) {
        syncLogs();
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
        OWNED.remove(key);
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

    /** A write that failed, as the message a user can act on; also for what others keep in a run directory. */
    public static RunDirectoryException notWritable(Path what, IOException e) {
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
