package org.windtunnel.analysis.live;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * A line log that grows, read from where the last reading ended. A torn last line is left for the next time. A run that
 * is resumed cuts its logs back: where the bytes before the last position are other ones than before, all is read anew.
 */
final class LogTail {
    private static final int CHUNK = 1 << 16;
    /** Lines longer than this are no log lines; the bound is on memory. */
    private static final int MAX_LINE = 1 << 20;
    /** The end of what was read, which tells whether the file is still the one that was read. */
    private static final int SEAL = 256;

    private final RunsRoot root;
    private final Path file;
    private long position;
    private byte[] seal = {};

    LogTail(RunsRoot root, Path file) {
        this.root = root;
        this.file = file;
    }

    /**
     * Reads the lines that have come since the last call; none if the file is not there.
     *
     * @param rewritten called before the first line when all lines come again
     * @param line text without its end
     */
    void read(Runnable rewritten, Consumer<String> line) {
        try (FileChannel channel = root.open(file)) {
            if (!isContinued(channel)) {
                restart(rewritten);
            }
            lines(channel, line);
        } catch (IOException e) {
            if (position > 0 && root.file(file).isEmpty()) {
                restart(rewritten);
            }
        }
    }

    /** Forgets what was read. */
    void restart(Runnable rewritten) {
        position = 0;
        seal = new byte[0];
        rewritten.run();
    }

    private boolean isContinued(FileChannel channel) throws IOException {
        if (channel.size() < position) {
            return false;
        }
        ByteBuffer before = ByteBuffer.allocate(seal.length);
        read(channel, before, position - seal.length);
        return Arrays.equals(before.array(), seal);
    }

    private void lines(FileChannel channel, Consumer<String> line) throws IOException {
        byte[] held = {};
        boolean tooLong = false;
        long at = position;
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK);
        for (int n = read(channel, chunk, at); n > 0; n = read(channel, chunk, at)) {
            byte[] bytes = chunk.array();
            int from = 0;
            for (int i = 0; i < n; i++) {
                if (bytes[i] == '\n') {
                    if (!tooLong) {
                        line.accept(new String(join(held, bytes, from, i), StandardCharsets.UTF_8));
                    }
                    held = new byte[0];
                    tooLong = false;
                    from = i + 1;
                    position = at + from;
                }
            }
            tooLong |= held.length + n - from > MAX_LINE;
            held = tooLong ? new byte[0] : join(held, bytes, from, n);
            at += n;
        }
        ByteBuffer end = ByteBuffer.allocate((int) Math.min(SEAL, position));
        read(channel, end, position - end.capacity());
        seal = end.array();
    }

    private static byte[] join(byte[] held, byte[] bytes, int from, int to) {
        byte[] all = Arrays.copyOf(held, held.length + to - from);
        System.arraycopy(bytes, from, all, held.length, to - from);
        return all;
    }

    /** Fills the buffer from a place in the file as far as it goes. @return bytes read */
    private static int read(FileChannel channel, ByteBuffer buffer, long from) throws IOException {
        buffer.clear();
        while (buffer.hasRemaining() && channel.read(buffer, from + buffer.position()) >= 0) {}
        return buffer.position();
    }
}
