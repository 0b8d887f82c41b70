package org.windtunnel.data.image;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** The plain files of a tar archive (ustar and before), one after the other, without their directories. */
final class TarFiles {
    private static final int BLOCK = 512;
    private static final int SIZE_AT = 124;
    private static final int TYPE_AT = 156;

    private final InputStream in;
    private final byte[] header = new byte[BLOCK];
    private long left;

    TarFiles(InputStream in) {
        this.in = in;
    }

    /** Name of the next file without its directories, or null at the end. */
    String next() throws IOException {
        while (true) {
            in.skipNBytes(left);
            if (in.readNBytes(header, 0, BLOCK) < BLOCK || header[0] == 0) {
                return null;
            }
            long size = Long.parseLong("0" + text(SIZE_AT, 12).strip(), 8);
            left = (size + BLOCK - 1) / BLOCK * BLOCK;
            String path = text(0, 100);
            String name = path.substring(path.lastIndexOf('/') + 1);
            boolean plain = header[TYPE_AT] == 0 || header[TYPE_AT] == '0';
            if (plain && !name.isEmpty() && !name.equals("..")) {
                return name;
            }
        }
    }

    private String text(int at, int length) {
        int end = at;
        while (end < at + length && header[end] != 0) {
            end++;
        }
        return new String(header, at, end - at, StandardCharsets.US_ASCII);
    }

    /** Writes the content of the file just named. */
    void copyTo(Path file) throws IOException {
        long size = Long.parseLong("0" + text(SIZE_AT, 12).strip(), 8);
        try (OutputStream out = Files.newOutputStream(file)) {
            byte[] chunk = new byte[1 << 16];
            for (long rest = size; rest > 0; ) {
                int n = in.readNBytes(chunk, 0, (int) Math.min(rest, chunk.length));
                if (n == 0) {
                    throw new EOFException("the archive ends within " + file.getFileName());
                }
                out.write(chunk, 0, n);
                rest -= n;
            }
        }
        left -= size;
    }
}
