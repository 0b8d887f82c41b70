package org.windtunnel.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.DataSpec.ShardFormat;

/**
 * One file of token ids, mapped into memory.
 *
 * <ul>
 *   <li>nanoGPT: little-endian uint16 ids and nothing else.
 *   <li>llm.c: 256 little-endian int32, of which the first three are magic, version and token count, then the ids:
 *       magic 20240520, version 1: uint16 (GPT-2); magic 20240801, version 7: uint32 (Llama 3). Its evaluation files
 *       (magic 20240522) are not token streams and are refused.
 * </ul>
 *
 * @param width bytes per id, 2 or 4
 * @param header llm.c's header, empty for nanoGPT
 * @param pieces the ids, in buffers of at most 1 GiB
 */
record ShardFile(Path file, int width, ByteBuffer header, List<ByteBuffer> pieces) {
    static final int HEADER_BYTES = 1024;
    static final int MAGIC_UINT16 = 20240520;
    static final int VERSION_UINT16 = 1;

    private static final int MAGIC_UINT32 = 20240801;
    private static final int VERSION_UINT32 = 7;
    private static final int MAGIC_EVAL = 20240522;
    private static final long PIECE = 1L << 30;

    /** @param key config key for messages @throws ConfigException if the file is not of that format or is cut short */
    static ShardFile open(Path file, ShardFormat format, String key) {
        try (FileChannel channel = FileChannel.open(file)) {
            long size = channel.size();
            if (size == 0) {
                throw new ConfigException(key + ": " + file + " is empty; expected token ids");
            }
            int magic = magic(channel, size);
            boolean known = magic == MAGIC_UINT16 || magic == MAGIC_UINT32;
            if (magic == MAGIC_EVAL && format != ShardFormat.NANOGPT) {
                throw new ConfigException(
                        key + ": " + file + " is an llm.c evaluation file (magic 20240522), not a stream"
                                + " of tokens; name a training shard");
            }
            if (format == ShardFormat.LLMC && !known) {
                throw new ConfigException(key + ": " + file + " starts with " + magic
                        + ", expected llm.c's magic 20240520 (uint16 ids) or 20240801 (uint32 ids); "
                        + "for files without a header set data.format: nanogpt");
            }
            return known && format != ShardFormat.NANOGPT
                    ? withHeader(channel, file, magic, size, key)
                    : raw(channel, file, size, key);
        } catch (IOException e) {
            throw new ConfigException(key + ": cannot read " + file + ": " + InputFiles.reason(e), e);
        }
    }

    private static int magic(FileChannel channel, long size) throws IOException {
        return size < 4 ? 0 : map(channel, 0, 4).get(0).getInt(0);
    }

    private static ShardFile raw(FileChannel channel, Path file, long size, String key) throws IOException {
        if (size % 2 != 0) {
            throw new ConfigException(key + ": " + file + " has " + size
                    + " bytes, an odd number; expected uint16 ids, so the file is cut short or not a token file");
        }
        return new ShardFile(file, 2, ByteBuffer.allocate(0), map(channel, 0, size));
    }

    private static ShardFile withHeader(FileChannel channel, Path file, int magic, long size, String key)
            throws IOException {
        if (size < HEADER_BYTES) {
            throw new ConfigException(
                    key + ": " + file + " is cut short: " + size + " bytes, expected an llm.c header of 1024");
        }
        ByteBuffer header = map(channel, 0, HEADER_BYTES).get(0);
        int width = magic == MAGIC_UINT16 ? 2 : 4;
        int expected = magic == MAGIC_UINT16 ? VERSION_UINT16 : VERSION_UINT32;
        int version = header.getInt(4);
        if (version != expected) {
            throw new ConfigException(key + ": " + file + " has version " + version + " with magic " + magic
                    + ", expected version " + expected + "; write it again with llm.c's data scripts");
        }
        long count = header.getInt(8);
        long length = HEADER_BYTES + count * width;
        if (count <= 0) {
            throw new ConfigException(
                    key + ": the header of " + file + " announces " + count + " tokens; expected some");
        }
        if (size != length) {
            throw new ConfigException(key + ": " + file + (size < length ? " is cut short" : " is too long")
                    + ": its header announces " + count + " tokens, so " + length + " bytes, found " + size
                    + "; get or write it again");
        }
        return new ShardFile(file, width, header, map(channel, HEADER_BYTES, count * width));
    }

    private static List<ByteBuffer> map(FileChannel channel, long start, long length) throws IOException {
        List<ByteBuffer> pieces = new ArrayList<>();
        for (long done = 0; done < length; done += PIECE) {
            pieces.add(channel.map(FileChannel.MapMode.READ_ONLY, start + done, Math.min(PIECE, length - done))
                    .order(ByteOrder.LITTLE_ENDIAN));
        }
        return pieces;
    }
}
