package org.windtunnel.record;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

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

    private final AppendFile file;
    private final Buffer buffer = new Buffer();

    private JsonLines(AppendFile file) {
        this.file = file;
    }

    static JsonLines append(Path path) {
        return new JsonLines(AppendFile.open(path, true));
    }

    AppendFile file() {
        return file;
    }

    /**
     * Appends one object as a line. Numbers that JSON does not have (NaN, infinities) are written as quoted strings.
     *
     * @throws RunDirectoryException if the line could not be written whole
     */
    public void append(Fields fields) {
        buffer.reset();
        try (JsonGenerator json = JSON.createGenerator(buffer)) {
            json.writeStartObject();
            fields.write(json);
            json.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("a buffer in memory", e);
        }
        buffer.write('\n');
        file.append(buffer.bytes());
    }

    @Override
    public void close() {
        file.close();
    }

    /** Exposes the bytes without the copy of {@code toByteArray}. */
    private static final class Buffer extends ByteArrayOutputStream {
        ByteBuffer bytes() {
            return ByteBuffer.wrap(buf, 0, count);
        }
    }
}
