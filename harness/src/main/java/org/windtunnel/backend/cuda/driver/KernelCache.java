package org.windtunnel.backend.cuda.driver;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.windtunnel.config.CacheDirectory;

/**
 * Compiled kernels on disk, by the hash of all that they are made from. Each file opens with the hash of its content, so
 * that a damaged one is compiled again; files appear whole or not at all, and a disk that cannot be written costs time
 * on the next start, nothing else.
 */
final class KernelCache {
    private static final Logger LOG = LoggerFactory.getLogger(KernelCache.class);
    private static final String FOLDER = "kernels";
    private static final int HASH_BYTES = 32;

    private KernelCache() {}

    /** The name under which code is kept. */
    static String key(String... madeFrom) {
        MessageDigest digest = sha256();
        for (String part : madeFrom) {
            digest.update(part.getBytes(StandardCharsets.UTF_8));
            digest.update((byte) 0);
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    static Optional<byte[]> get(String key) {
        Path file = file(key);
        if (!Files.isReadable(file)) {
            return Optional.empty();
        }
        try {
            byte[] all = Files.readAllBytes(file);
            if (all.length > HASH_BYTES) {
                byte[] code = Arrays.copyOfRange(all, HASH_BYTES, all.length);
                if (Arrays.equals(sha256().digest(code), Arrays.copyOf(all, HASH_BYTES))) {
                    return Optional.of(code);
                }
            }
            LOG.warn("{} is damaged; compiling again", file);
        } catch (IOException e) {
            LOG.warn("cannot read {} ({}); compiling again", file, e.getMessage());
        }
        return Optional.empty();
    }

    static void put(String key, byte[] code) {
        Path file = file(key);
        try {
            Files.createDirectories(file.getParent());
            Path part = Files.createTempFile(file.getParent(), key, ".part");
            byte[] all = Arrays.copyOf(sha256().digest(code), HASH_BYTES + code.length);
            System.arraycopy(code, 0, all, HASH_BYTES, code.length);
            Files.write(part, all);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            LOG.warn("cannot keep the kernels in {} ({}); they are compiled again on every start", file, e.toString());
        }
    }

    private static Path file(String key) {
        return CacheDirectory.path().resolve(FOLDER).resolve(key + ".bin");
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
