package org.windtunnel.record;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A JSONL file that grows by one line at a time, each handed to the operating system whole before {@link #append}
 * returns, so that what was logged survives a killed process.
 */
public final class JsonLines implements AutoCloseable {
    private static final JsonFactory JSON = new JsonFactory();

    /** Writes the fields of one line. */
    @FunctionalInterface
    public interface Fields {
        void write(JsonGenerator json) throws IOException;
    }

    private final Path path;
    private final FileChannel channel;
    private final Buffer buffer = new Buffer();

    private JsonLines(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    static JsonLines append(Path path) {
        try {
            FileChannel channel = FileChannel.open(
                    path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            long end = endOfLastWholeLine(channel);
            channel.truncate(end);
            channel.position(end);
            return new JsonLines(path, channel);
        } catch (IOException e) {
            throw RunDirectory.notWritable(path, e);
        }
    }

    private static long endOfLastWholeLine(FileChannel channel) throws IOException {
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

    /**
     * Appends one object as a line. Numbers that JSON does not have (NaN, infinities) are written as quoted strings.
     *
     * @throws RunDirectoryException if the line could not be written whole
     */
    public void append(Fields fields) {
        try {
            buffer.reset();
            try (JsonGenerator json = JSON.createGenerator(buffer)) {
                json.writeStartObject();
                fields.write(json);
                json.writeEndObject();
            }
            buffer.write('\n');
            ByteBuffer bytes = buffer.bytes();
            while (bytes.hasRemaining()) {
                channel.write(bytes);
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

    /** Exposes the bytes without the copy of {@code toByteArray}. */
    private static final class Buffer extends ByteArrayOutputStream {
        ByteBuffer bytes() {
            return ByteBuffer.wrap(buf, 0, count);
        }
    }
}
