package org.windtunnel.record;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/** A file that only grows, with the checksum of what it holds. Used by one thread, but for {@link #sync}. */
final class AppendFile implements AutoCloseable {
    private static final int BLOCK = 1 << 16;

    private final Path path;
    private final FileChannel channel;
    private final CRC32C crc = new CRC32C();
    private long length;

    private AppendFile(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    /** A file to go on with, not through a link; {@code lines} cuts off what follows its last line end. */
    static AppendFile open(Path path, boolean lines) {
        try {
            AppendFile file = new AppendFile(path, FileChannel.open(
                    path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE,
                    LinkOption.NOFOLLOW_LINKS));
            long end = lines ? endOfLastLine(file.channel) : file.channel.size();
            file.channel.truncate(end);
            checksum(file.channel, end, file.crc);
            file.channel.position(end);
            file.length = end;
            return file;
        } catch (IOException e) {
            throw RunDirectory.notWritable(path, e);
        }
    }

    /** Whether more can be appended. */
    boolean isOpen() {
        return channel.isOpen();
    }

    private static long endOfLastLine(FileChannel channel) throws IOException {
        ByteBuffer block = ByteBuffer.allocate(8192);
        long at = channel.size();
        while (at > 0) {
            long from = Math.max(0, at - block.capacity());
            block.clear().limit((int) (at - from));
            channel.read(block, from);
            for (int i = block.position() - 1; i >= 0; i--) {
                if (block.get(i) == '\n') {
                    return from + i + 1;
                }
            }
            at = from;
        }
        return 0;
    }

    /** @return bytes that were there to be added, at most {@code length} */
    private static long checksum(FileChannel channel, long length, CRC32C into) throws IOException {
        ByteBuffer block = ByteBuffer.allocate(BLOCK);
        long at = 0;
        while (at < length) {
            block.clear().limit((int) Math.min(BLOCK, length - at));
            int n = channel.read(block, at);
            if (n <= 0) {
                break;
            }
            into.update(block.flip());
            at += n;
        }
        return at;
    }

    /** Whether a file begins with exactly what it held at a position. */
    static boolean holds(Path path, LogPosition position) throws IOException {
        try (FileChannel channel = FileChannel.open(path)) {
            CRC32C crc = new CRC32C();
            return checksum(channel, position.bytes(), crc) == position.bytes() && crc.getValue() == position.crc32c();
        }
    }

    /** Cuts the file back to what it held before. */
    void truncate(LogPosition position) throws IOException {
        channel.truncate(position.bytes());
        channel.position(position.bytes());
        length = position.bytes();
        crc.reset();
        checksum(channel, length, crc);
    }

    /**
     * Hands all of {@code bytes} to the operating system.
     *
     * @throws RunDirectoryException if that failed; the file then ends where it did before
     */
    void append(ByteBuffer bytes) {
        ByteBuffer whole = bytes.duplicate();
        try {
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        } catch (IOException e) {
            cutTorn();
            throw RunDirectory.notWritable(path, e);
        }
        length += whole.remaining();
        crc.update(whole);
    }

    private void cutTorn() {
        try {
            channel.truncate(length);
        } catch (IOException e) {
            // The next attempt cuts it by the checkpoint's position.
        }
    }

    LogPosition position() {
        return new LogPosition(path.getFileName().toString(), length, crc.getValue());
    }

    /** Makes what was appended survive the machine; may be called by another thread. */
    void sync() {
        try {
            if (channel.isOpen()) {
                channel.force(false);
            }
        } catch (IOException e) {
            throw RunDirectory.notWritable(path, e);
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw RunDirectory.notWritable(path, e);
        }
    }
}
