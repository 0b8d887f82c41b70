package org.windtunnel.data;

import java.util.LinkedHashMap;
import java.util.Map;
import org.windtunnel.config.TrainSpec;

/**
 * A sequence of token ids per {@link Split}, read at any offset.
 *
 * <p>Immutable and safe for concurrent reads; the same arguments always give the same tokens.
 */
public interface TokenCorpus extends Dataset {

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

    @Override
    default DataShape shape() {
        return new DataShape.Tokens(vocabSize());
    }

    @Override
    default Map<String, Object> facts() {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("vocab", vocabSize());
        facts.put("train_tokens", length(Split.TRAIN));
        facts.put("valid_tokens", length(Split.VALIDATION));
        facts.put("entropy_rate", entropyRate());
        facts.put("bytes_per_token", bytesPerToken(Split.VALIDATION));
        return facts;
    }

    @Override
    default BatchSource batches(int unitsPerExample, TrainSpec train, int microBatch, long seed) {
        return new TokenBatches(this, unitsPerExample, train, microBatch, seed);
    }

    /** Entropy of the next token given the past, in nats per token; NaN where it is not known. */
    double entropyRate();

    /**
     * Loss of a perfect model on the targets of the given windows: the mean of −ln p(target | whole past) under the true
     * source, in nats per token; NaN where it is not known.
     *
     * <p>Its mean over windows is {@link #entropyRate}, from which it differs by the luck of the draw: by about 2 /
     * √targets for a Zipf law. A fitted irreducible loss estimates this number for the windows it was measured on.
     */
    default double entropyOf(Split split, long[] offsets, int context) {
        return Double.NaN;
    }

    /** Mean bytes of text a token of the split stands for; NaN where tokens were not made from text here. */
    double bytesPerToken(Split split);

    /** A loss in nats per token as bits per byte of text; NaN where {@link #bytesPerToken} is. */
    default double bitsPerByte(Split split, double natsPerToken) {
        return natsPerToken / Math.log(2) / bytesPerToken(split);
    }
}
