package org.windtunnel.checkpoint;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.function.Function;
import org.windtunnel.record.DurableFiles;

/** Writes a safetensors file of floating-point tensors, one after the other, so that only one of them is on the heap. */
public final class SafetensorsWriter {
    private static final int BLOCK = 1 << 16;

    private SafetensorsWriter() {}

    /**
     * Writes a file; it appears under its name when it is whole, in place of an older one.
     *
     * @param tensors by name; floating-point types only
     * @param bf16 store them as BF16, rounded
     * @param metadata what the file says of itself
     * @param values gives a tensor's elements by its name; rounded where its type is F32
     */
    public static void write(
            Path file,
            Map<String, TensorType> tensors,
            boolean bf16,
            Map<String, String> metadata,
            Function<String, double[]> values)
            throws IOException {
        SafetensorsHeader header = SafetensorsHeader.of(tensors, bf16, metadata);
        Path partial = file.resolveSibling(file.getFileName() + ".partial");
        try (FileChannel channel = FileChannel.open(partial, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
                StandardOpenOption.TRUNCATE_EXISTING)) {
            write(channel, ByteBuffer.wrap(header.encode()));
            for (Map.Entry<String, SafetensorsHeader.Entry> e : header.entries().entrySet()) {
                write(channel, e.getValue(), values.apply(e.getKey()), e.getKey());
            }
            channel.force(true);
        }
        DurableFiles.move(partial, file);
    }

    private static void write(FileChannel channel, SafetensorsHeader.Entry entry, double[] values, String name)
            throws IOException {
        int width = entry.type().bytes();
        if (entry.type() == StoredType.I32 || (long) values.length * width != entry.bytes()) {
            throw new IllegalArgumentException(name + ": expected " + entry.bytes()
                    + " bytes of floating-point numbers, found " + values.length + " values of " + entry.type());
        }
        ByteBuffer block = ByteBuffer.allocate(BLOCK).order(ByteOrder.LITTLE_ENDIAN);
        for (int done = 0; done < values.length; ) {
            block.clear();
            for (; done < values.length && block.hasRemaining(); done++) {
                entry.type().put(values[done], block);
            }
            write(channel, block.flip());
        }
    }

    private static void write(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
