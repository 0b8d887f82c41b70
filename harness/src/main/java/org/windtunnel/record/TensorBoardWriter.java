package org.windtunnel.record;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;

/**
 * TensorBoard event files: scalars only.
 *
 * <p>A file is a sequence of TFRecords, each a little-endian length (8 bytes), its masked CRC-32C, the payload and the
 * payload's masked CRC-32C. The payload is the protobuf {@code Event}: wall_time (field 1, double), step (2, varint),
 * file_version (3, string) or summary (5, message), whose values (1) are tag (1, string) and simple_value (2, float).
 */
public final class TensorBoardWriter implements AutoCloseable {
    private static final int CRC_MASK_DELTA = 0xa282ead8;

    private final Path path;
    private final FileChannel channel;
    private final CRC32C crc = new CRC32C();
    private final ByteBuffer event = ByteBuffer.allocate(512).order(ByteOrder.LITTLE_ENDIAN);
    private final ByteBuffer value = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
    private final ByteBuffer record = ByteBuffer.allocate(1024).order(ByteOrder.LITTLE_ENDIAN);

    private TensorBoardWriter(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    /** Starts a new event file in a run directory; its name carries the start time, as TensorBoard expects. */
    public static TensorBoardWriter create(Path directory) {
        long now = System.currentTimeMillis();
        Path path = directory.resolve("events.out.tfevents." + now / 1000 + "." + hostName());
        try {
            TensorBoardWriter writer = new TensorBoardWriter(
                    path, FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
            writer.writeVersion(now / 1000.0);
            return writer;
        } catch (IOException e) {
            throw RunDirectory.notWritable(path, e);
        }
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
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
        try {
            while (record.hasRemaining()) {
                channel.write(record);
            }
        } catch (IOException e) {
            throw RunDirectory.notWritable(path, e);
        }
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
        try {
            channel.close();
        } catch (IOException e) {
            throw RunDirectory.notWritable(path, e);
        }
    }
}
