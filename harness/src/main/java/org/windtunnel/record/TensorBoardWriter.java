package org.windtunnel.record;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * TensorBoard event files: scalars only.
 *
 * <p>A file is a sequence of TFRecords, each a little-endian length (8 bytes), its masked CRC-32C, the payload and the
 * payload's masked CRC-32C. The payload is the protobuf {@code Event}: wall_time (field 1, double), step (2, varint),
 * file_version (3, string) or summary (5, message), whose values (1) are tag (1, string) and simple_value (2, float).
 */
public final class TensorBoardWriter implements AutoCloseable {
    static final String PREFIX = "events.out.tfevents.";

    private static final int CRC_MASK_DELTA = 0xa282ead8;

    private final AppendFile file;
    private final CRC32C crc = new CRC32C();
    private final ByteBuffer event = ByteBuffer.allocate(512).order(ByteOrder.LITTLE_ENDIAN);
    private final ByteBuffer value = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
    private final ByteBuffer record = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);

    private TensorBoardWriter(AppendFile file) {
        this.file = file;
    }

    /**
     * Goes on with the newest event file of a run directory, or starts one; its name carries the start time, as
     * TensorBoard expects.
     */
    public static TensorBoardWriter open(Path directory) {
        Path existing = newest(directory);
        if (existing != null) {
            return new TensorBoardWriter(AppendFile.open(existing, false));
        }
        long now = System.currentTimeMillis();
        TensorBoardWriter writer = new TensorBoardWriter(
                AppendFile.open(directory.resolve(PREFIX + now / 1000 + "." + hostName()), false));
        writer.writeVersion(now / 1000.0);
        return writer;
    }

    private static Path newest(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(f -> f.getFileName().toString().startsWith(PREFIX))
                    .max(Comparator.naturalOrder())
                    .orElse(null);
        } catch (IOException e) {
            throw RunDirectory.notWritable(directory, e);
        }
    }

    AppendFile file() {
        return file;
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName().replaceAll("[^A-Za-z0-9._-]", "_");
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }

    /** Appends one scalar. Tags are at most 200 bytes of UTF-8. */
    public void scalar(String tag, long step, double scalar) {
        byte[] name = tag.getBytes(StandardCharsets.UTF_8);
        value.clear();
        value.put((byte) (1 << 3 | 2));
        varint(value, name.length);
        value.put(name);
        value.put((byte) (2 << 3 | 5)).putFloat((float) scalar);
        value.flip();
        int valueSize = value.remaining();
        event.clear();
        event.put((byte) (1 << 3 | 1)).putDouble(System.currentTimeMillis() / 1000.0);
        event.put((byte) (2 << 3));
        varint(event, step);
        event.put((byte) (5 << 3 | 2));
        varint(event, 1 + varintSize(valueSize) + valueSize);
        event.put((byte) (1 << 3 | 2));
        varint(event, valueSize);
        event.put(value);
        writeRecord();
    }

    private void writeVersion(double wallTime) {
        byte[] version = "brain.Event:2".getBytes(StandardCharsets.US_ASCII);
        event.clear();
        event.put((byte) (1 << 3 | 1)).putDouble(wallTime);
        event.put((byte) (3 << 3 | 2));
        varint(event, version.length);
        event.put(version);
        writeRecord();
    }

    private void writeRecord() {
        event.flip();
        record.clear();
        record.putLong(event.remaining());
        record.putInt(maskedCrc(record.array(), 8));
        record.put(event.duplicate());
        record.putInt(maskedCrc(event.array(), event.remaining()));
        record.flip();
        file.append(record);
    }

    private int maskedCrc(byte[] bytes, int count) {
        crc.reset();
        crc.update(bytes, 0, count);
        int c = (int) crc.getValue();
        return (c >>> 15 | c << 17) + CRC_MASK_DELTA;
    }

    private static void varint(ByteBuffer to, long v) {
        long rest = v;
        while ((rest & ~0x7FL) != 0) {
            to.put((byte) (rest & 0x7F | 0x80));
            rest >>>= 7;
        }
        to.put((byte) rest);
    }

    private static int varintSize(long v) {
        int n = 1;
        for (long rest = v >>> 7; rest != 0; rest >>>= 7) {
            n++;
        }
        return n;
    }

    @Override
    public void close() {
        file.close();
    }
}
