package org.windtunnel.checkpoint;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.windtunnel.config.ConfigException;
import org.windtunnel.tensor.Storage;
import org.windtunnel.tensor.Tensor;

/** A safetensors file, open for reading. Nothing larger than its header and one block of data is ever on the heap. */
public final class SafetensorsFile implements AutoCloseable {
    private static final int MAX_HEADER = 100_000_000;
    private static final int BLOCK = 1 << 16;

    private final Path path;
    private final FileChannel channel;
    private final SafetensorsHeader header;
    private final long dataStart;
    private final ByteBuffer block = ByteBuffer.allocate(BLOCK).order(ByteOrder.LITTLE_ENDIAN);
    private final float[] floats = new float[BLOCK / Float.BYTES];
    private final double[] doubles = new double[BLOCK / Double.BYTES];
    private final int[] ints = new int[BLOCK / Integer.BYTES];

    private SafetensorsFile(Path path, FileChannel channel, SafetensorsHeader header, long dataStart) {
        this.path = path;
        this.channel = channel;
        this.header = header;
        this.dataStart = dataStart;
    }

    /** @throws ConfigException if it is missing, no safetensors file, or cut short */
    public static SafetensorsFile open(Path path) {
        FileChannel channel = null;
        try {
            channel = FileChannel.open(path);
            SafetensorsFile file = open(path, channel);
            channel = null;
            return file;
        } catch (NoSuchFileException e) {
            throw new ConfigException(path + ": no such file", e);
        } catch (IOException e) {
            throw new ConfigException(path + ": cannot be read: " + e.getMessage(), e);
        } catch (ConfigException e) {
            throw new ConfigException(path + " is no safetensors file: " + e.getMessage(), e);
        } finally {
            if (channel != null) {
                close(channel);
            }
        }
    }

    private static SafetensorsFile open(Path path, FileChannel channel) throws IOException {
        ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        long size = channel.size();
        if (size < Long.BYTES) {
            throw new ConfigException("it has " + size + " bytes, expected at least 8");
        }
        readFully(channel, 0, length);
        long bytes = length.getLong(0);
        if (bytes < 2 || bytes > MAX_HEADER || bytes > size - Long.BYTES) {
            throw new ConfigException(
                    "it announces a header of " + Long.toUnsignedString(bytes) + " bytes, found a file of " + size);
        }
        ByteBuffer json = ByteBuffer.allocate((int) bytes);
        readFully(channel, Long.BYTES, json);
        long dataStart = Long.BYTES + bytes;
        return new SafetensorsFile(path, channel, SafetensorsHeader.parse(json.array(), size - dataStart), dataStart);
    }

    private static void readFully(FileChannel channel, long at, ByteBuffer into) throws IOException {
        long position = at;
        while (into.hasRemaining()) {
            int n = channel.read(into, position);
            if (n < 0) {
                throw new EOFException("the file ended early");
            }
            position += n;
        }
    }

    /** Names of its tensors. */
    public Set<String> names() {
        return header.entries().keySet();
    }

    /** What the file says of itself, text to text; {@code format} is there in most. */
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /** Shape of a tensor. @throws ConfigException if there is none of that name */
    public int[] shape(String name) {
        return entry(name).shape().clone();
    }

    /**
     * Type and shape of a tensor; half precision counts as single.
     *
     * @throws ConfigException if there is none of that name
     */
    public TensorType type(String name) {
        return new TensorType(entry(name).type().dtype(), shape(name));
    }

    /** Whether a tensor is of a floating-point type. @throws ConfigException if there is none of that name */
    public boolean holdsNumbers(String name) {
        return entry(name).type() != StoredType.I32;
    }

    /**
     * A floating-point tensor's elements, widened.
     *
     * @throws ConfigException if there is none of that name, or it holds integers
     */
    public double[] values(String name) {
        SafetensorsHeader.Entry entry = entry(name);
        if (entry.type() == StoredType.I32) {
            throw new ConfigException(path + ": " + name + " holds integers, expected F32, F64, BF16 or F16");
        }
        int width = entry.type().bytes();
        double[] values = new double[(int) Tensor.sizeOf(entry.shape())];
        try {
            for (int done = 0; done < values.length; done += BLOCK / width) {
                int n = Math.min(BLOCK / width, values.length - done);
                block.clear().limit(n * width);
                readFully(channel, dataStart + entry.begin() + (long) done * width, block);
                block.flip();
                for (int i = 0; i < n; i++) {
                    values[done + i] = entry.type().next(block);
                }
            }
        } catch (IOException e) {
            throw new ConfigException(path + ": cannot be read: " + e.getMessage(), e);
        }
        return values;
    }

    private SafetensorsHeader.Entry entry(String name) {
        SafetensorsHeader.Entry entry = header.entries().get(name);
        if (entry == null) {
            throw new ConfigException(path + " has no tensor " + name + "; it has " + header.entries().size()
                    + ", such as " + header.entries().keySet().stream().limit(5).toList());
        }
        return entry;
    }

    /**
     * Fills tensors from the file, bit for bit.
     *
     * @throws ConfigException unless names, types and shapes are exactly the file's; nothing is changed then
     */
    public void readAll(Map<String, Tensor> into) {
        Map<String, Tensor> missing = new LinkedHashMap<>(into);
        missing.keySet().removeAll(names());
        if (!missing.isEmpty() || into.size() != names().size()) {
            throw new ConfigException(path + " holds " + names().size() + " tensors, expected " + into.size()
                    + (missing.isEmpty() ? "" : "; it lacks " + missing.keySet().stream().limit(5).toList()));
        }
        into.forEach((name, tensor) -> {
            SafetensorsHeader.Entry entry = entry(name);
            if (!entry.type().isExact() || entry.type().dtype() != tensor.storage().dtype()
                    || !Arrays.equals(entry.shape(), tensor.shape())) {
                throw new ConfigException(path + ": " + name + " is " + entry.type() + Arrays.toString(entry.shape())
                        + ", expected " + StoredType.of(tensor.storage().dtype()) + Arrays.toString(tensor.shape()));
            }
        });
        try {
            for (Map.Entry<String, Tensor> e : into.entrySet()) {
                read(entry(e.getKey()), e.getValue());
            }
        } catch (IOException e) {
            throw new ConfigException(path + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private void read(SafetensorsHeader.Entry entry, Tensor into) throws IOException {
        int width = entry.type().bytes();
        long elements = into.size();
        for (long done = 0; done < elements; done += BLOCK / width) {
            int n = (int) Math.min(BLOCK / width, elements - done);
            block.clear().limit(n * width);
            readFully(channel, dataStart + entry.begin() + done * width, block);
            copy(n, into.storage(), into.offset() + done);
        }
    }

    private void copy(int n, Storage into, long at) {
        block.flip();
        switch (into.dtype()) {
            case FLOAT32 -> {
                block.asFloatBuffer().get(floats, 0, n);
                into.write(at, floats, 0, n);
            }
            case FLOAT64 -> {
                block.asDoubleBuffer().get(doubles, 0, n);
                into.write(at, doubles, 0, n);
            }
            case INT32 -> {
                block.asIntBuffer().get(ints, 0, n);
                into.write(at, ints, 0, n);
            }
            case BFLOAT16 -> throw new IllegalArgumentException(
                    "expected a tensor of full precision, found " + into.dtype());
        }
    }

    @Override
    public void close() {
        close(channel);
    }

    private static void close(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            // It was only read.
        }
    }
}
