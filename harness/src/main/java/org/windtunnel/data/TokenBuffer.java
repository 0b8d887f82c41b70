package org.windtunnel.data;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * Unsigned little-endian tokens of one width in a row of buffers, on the heap or mapped from files.
 *
 * <p>Only absolute reads touch the buffers, so concurrent reads are safe.
 */
final class TokenBuffer {
    private final ByteBuffer[] pieces;
    /** First token of each piece, and the total at the end. */
    private final long[] starts;

    private final int width;
    private final long from;
    private final long length;

    private TokenBuffer(ByteBuffer[] pieces, long[] starts, int width, long from, long length) {
        this.pieces = pieces;
        this.starts = starts;
        this.width = width;
        this.from = from;
        this.length = length;
    }

    /**
     * @param width bytes per token: 1, 2 or 4 (ids of 4 bytes must be below 2^31)
     * @param buffers each from position 0 to its limit, a multiple of {@code width}
     */
    static TokenBuffer of(int width, List<ByteBuffer> buffers) {
        List<ByteBuffer> kept = new ArrayList<>();
        long[] starts = new long[buffers.size() + 1];
        for (ByteBuffer buffer : buffers) {
            if (buffer.limit() % width != 0) {
                throw new IllegalArgumentException(
                        "expected a multiple of " + width + " bytes, found " + buffer.limit());
            }
            if (buffer.limit() > 0) {
                starts[kept.size() + 1] = starts[kept.size()] + buffer.limit() / width;
                kept.add(buffer.duplicate().order(ByteOrder.LITTLE_ENDIAN));
            }
        }
        long[] used = Arrays.copyOf(starts, kept.size() + 1);
        return new TokenBuffer(kept.toArray(ByteBuffer[]::new), used, width, 0, used[kept.size()]);
    }

    /** One buffer after another; all of one width. */
    static TokenBuffer concat(int width, List<TokenBuffer> parts) {
        List<ByteBuffer> buffers = new ArrayList<>();
        for (TokenBuffer part : parts) {
            if (part.width != width || part.from != 0 || part.length != part.starts[part.pieces.length]) {
                throw new IllegalArgumentException("expected whole buffers of width " + width);
            }
            buffers.addAll(List.of(part.pieces));
        }
        return of(width, buffers);
    }

    long length() {
        return length;
    }

    /** Tokens [begin, end) of this one, without copying. */
    TokenBuffer slice(long begin, long end) {
        Objects.checkFromToIndex(begin, end, length);
        return new TokenBuffer(pieces, starts, width, from + begin, end - begin);
    }

    void read(long offset, int count, int[] dst, int at) {
        Objects.checkFromIndexSize(offset, (long) count, length);
        Objects.checkFromIndexSize(at, count, dst.length);
        if (count == 0) {
            return;
        }
        long token = from + offset;
        int piece = pieceOf(token);
        int done = 0;
        while (done < count) {
            int inPiece = (int) Math.min(count - done, starts[piece + 1] - token);
            copy(pieces[piece], (int) (token - starts[piece]), inPiece, dst, at + done);
            done += inPiece;
            token += inPiece;
            piece++;
        }
    }

    private int pieceOf(long token) {
        int found = Arrays.binarySearch(starts, token);
        return found >= 0 ? found : -found - 2;
    }

    private void copy(ByteBuffer piece, int first, int count, int[] dst, int at) {
        switch (width) {
            case 1 -> {
                for (int i = 0; i < count; i++) {
                    dst[at + i] = piece.get(first + i) & 0xFF;
                }
            }
            case 2 -> {
                for (int i = 0; i < count; i++) {
                    dst[at + i] = piece.getShort(2 * (first + i)) & 0xFFFF;
                }
            }
            default -> {
                for (int i = 0; i < count; i++) {
                    dst[at + i] = piece.getInt(4 * (first + i));
                }
            }
        }
    }
}
