package org.windtunnel.data;

/**
 * A sequence of token ids per {@link Split}, read at any offset.
 *
 * <p>Immutable and safe for concurrent reads; the same arguments always give the same tokens.
 */
public interface TokenCorpus {

    /** Number of distinct ids; every token is in [0, vocabSize). */
    int vocabSize();

    /** Tokens in a split. */
    long length(Split split);

    /**
     * Copies tokens [offset, offset + count) of a split to {@code dst[at, at + count)}, without allocating.
     *
     * @throws IndexOutOfBoundsException if either range does not exist
     */
    void read(Split split, long offset, int count, int[] dst, int at);

    /** What the tokens were made from. */
    Provenance provenance();

    /** Entropy of the next token given the past, in nats per token; NaN where it is not known. */
    double entropyRate();

    /** Mean bytes of text a token of the split stands for; NaN where tokens were not made from text here. */
    double bytesPerToken(Split split);

    /** A loss in nats per token as bits per byte of text; NaN where {@link #bytesPerToken} is. */
    default double bitsPerByte(Split split, double natsPerToken) {
        return natsPerToken / Math.log(2) / bytesPerToken(split);
    }
}
