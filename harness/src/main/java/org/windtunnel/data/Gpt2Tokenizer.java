package org.windtunnel.data;

import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;
import com.knuddels.jtokkit.api.IntArrayList;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CoderResult;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.windtunnel.config.ConfigException;

/**
 * GPT-2's byte-pair encoding; special tokens in the text are ordinary characters.
 *
 * <p>Long texts are encoded in pieces. GPT-2's splitting pattern never matches across the border between a visible
 * character and the white space after it, nor looks ahead over it from the left, so cutting there gives the ids of
 * the whole.
 */
final class Gpt2Tokenizer {
    static final int VOCAB = 50257;

    private static final int PIECE_BYTES = 1 << 17;

    private final Encoding encoding =
            Encodings.newLazyEncodingRegistry().getEncoding(EncodingType.R50K_BASE);

    /**
     * Ids of UTF-8 text as little-endian uint16.
     *
     * @param name of the text, for messages
     * @throws ConfigException if it is not UTF-8 or contains a NUL character
     */
    byte[] encode(byte[] utf8, int from, int to, String name) {
        List<int[]> pieces = new ArrayList<>();
        for (int start = from; start < to; ) {
            int end = border(utf8, start, to);
            pieces.add(new int[] {start, end});
            start = end;
        }
        List<byte[]> encoded = pieces.parallelStream()
                .map(piece -> encodePiece(utf8, piece[0], piece[1], name))
                .toList();
        int size = encoded.stream().mapToInt(piece -> piece.length).reduce(0, Math::addExact);
        ByteBuffer all = ByteBuffer.allocate(size);
        encoded.forEach(all::put);
        return all.array();
    }

    private static int border(byte[] utf8, int start, int to) {
        for (int i = start + PIECE_BYTES; i < to; i++) {
            boolean space = utf8[i] == ' ' || utf8[i] == '\n';
            if (space && utf8[i - 1] > ' ' && utf8[i - 1] < 0x7F) {
                return i;
            }
        }
        return to;
    }

    private byte[] encodePiece(byte[] utf8, int from, int to, String name) {
        IntArrayList ids = encoding.encodeOrdinary(decode(utf8, from, to, name));
        byte[] out = new byte[2 * ids.size()];
        for (int i = 0; i < ids.size(); i++) {
            int id = ids.get(i);
            out[2 * i] = (byte) id;
            out[2 * i + 1] = (byte) (id >>> 8);
        }
        return out;
    }

    private static String decode(byte[] utf8, int from, int to, String name) {
        for (int i = from; i < to; i++) {
            if (utf8[i] == 0) {
                throw new ConfigException("data: tokenizer gpt2 expects text, found a NUL at byte " + i + " of " + name
                        + ", which looks like binary data; use tokenizer: bytes, or type: shards for token files");
            }
        }
        CharsetDecoder decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        ByteBuffer in = ByteBuffer.wrap(utf8, from, to - from);
        CharBuffer out = CharBuffer.allocate(to - from);
        CoderResult result = decoder.decode(in, out, true);
        try {
            if (result.isError()) {
                result.throwException();
            }
        } catch (CharacterCodingException e) {
            throw new ConfigException("data: tokenizer gpt2 expects UTF-8, found something else at byte "
                    + in.position() + " of " + name + "; convert the file (iconv -t UTF-8) or use tokenizer: bytes", e);
        }
        return out.flip().toString();
    }
}
