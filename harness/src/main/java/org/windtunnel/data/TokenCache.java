package org.windtunnel.data;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.windtunnel.config.CacheDirectory;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.DataSpec.ShardFormat;

/**
 * Work on inputs that need not be done twice, in a directory that may be deleted at any time: encoded text as shards
 * of llm.c's layout (its unused header words hold the text's size and a checksum) and small notes.
 *
 * <p>Writing is best effort: a full or read-only disk costs time on the next start, nothing else. Entries appear whole
 * or not at all, so processes may share the directory, which {@link CacheDirectory} names.
 */
final class TokenCache {
    private static final Logger LOG = LoggerFactory.getLogger(TokenCache.class);
    private static final int TEXT_BYTES = 3;
    private static final int CHECKSUM = 5;

    private TokenCache() {}

    /**
     * Encoded text.
     *
     * @param tokens uint16 ids
     * @param textBytes size of the text they stand for
     */
    record Encoded(TokenBuffer tokens, long textBytes) {}

    static Path directory() {
        return CacheDirectory.path();
    }

    /** Tokens stored under a key (hex), unless there are none or they are damaged. */
    static Optional<Encoded> tokens(String key) {
        Path file = tokenFile(key);
        if (!Files.isReadable(file)) {
            return Optional.empty();
        }
        try {
            ShardFile shard = ShardFile.open(file, ShardFormat.LLMC, "cache");
            IntHeader header = new IntHeader(shard.header());
            if (header.get(CHECKSUM) != checksum(shard.pieces())) {
                LOG.warn("{} is damaged; encoding the text again", file);
                return Optional.empty();
            }
            return Optional.of(new Encoded(TokenBuffer.of(2, shard.pieces()), header.getLong(TEXT_BYTES)));
        } catch (ConfigException e) {
            LOG.warn("{} is damaged; encoding the text again", file);
            return Optional.empty();
        }
    }

    /** Stores uint16 tokens, little-endian, given in parts. */
    static void putTokens(String key, List<byte[]> parts, long textBytes) {
        List<ByteBuffer> pieces = parts.stream().map(ByteBuffer::wrap).toList();
        long count = parts.stream().mapToLong(part -> part.length / 2).sum();
        if (count > Integer.MAX_VALUE) {
            LOG.warn("{} tokens are too many for one cache file; the text is encoded again on every start", count);
            return;
        }
        IntHeader header = new IntHeader(ByteBuffer.allocate(ShardFile.HEADER_BYTES));
        header.put(0, ShardFile.MAGIC_UINT16);
        header.put(1, ShardFile.VERSION_UINT16);
        header.put(2, (int) count);
        header.putLong(TEXT_BYTES, textBytes);
        header.put(CHECKSUM, checksum(pieces));
        write(tokenFile(key), header.bytes(), pieces);
    }

    /** A line stored under a key (hex), if any. */
    static Optional<String> note(String key) {
        try {
            return Optional.of(Files.readString(noteFile(key)).strip());
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    static void putNote(String key, String line) {
        write(noteFile(key), ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8)), List.of());
    }

    private static Path tokenFile(String key) {
        return directory().resolve("gpt2-" + key + ".bin");
    }

    private static Path noteFile(String key) {
        return directory().resolve("note-" + key + ".txt");
    }

    private static int checksum(List<ByteBuffer> pieces) {
        CRC32C crc = new CRC32C();
        pieces.forEach(piece -> crc.update(piece.duplicate()));
        return (int) crc.getValue();
    }

    private static void write(Path target, ByteBuffer head, List<ByteBuffer> rest) {
        Path part = null;
        try {
            Files.createDirectories(target.getParent());
            part = Files.createTempFile(target.getParent(), target.getFileName().toString(), ".part");
            try (FileChannel channel = FileChannel.open(part, StandardOpenOption.WRITE)) {
                writeAll(channel, head);
                for (ByteBuffer piece : rest) {
                    writeAll(channel, piece.duplicate());
                }
                channel.force(true);
            }
            Files.move(part, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            LOG.warn("cannot write the cache file {} ({}); going on without it", target, InputFiles.reason(e));
            deleteQuietly(part);
        }
    }

    private static void writeAll(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static void deleteQuietly(Path file) {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            LOG.debug("cannot delete {}", file, e);
        }
    }

    /** Header words by number. */
    private record IntHeader(ByteBuffer bytes) {
        IntHeader {
            bytes = bytes.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        }

        int get(int word) {
            return bytes.getInt(4 * word);
        }

        long getLong(int word) {
            return bytes.getLong(4 * word);
        }

        void put(int word, int value) {
            bytes.putInt(4 * word, value);
        }

        void putLong(int word, long value) {
            bytes.putLong(4 * word, value);
        }
    }
}
