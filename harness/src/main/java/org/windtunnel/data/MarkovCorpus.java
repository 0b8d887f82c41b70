package org.windtunnel.data;

import java.util.List;
import java.util.Locale;
import java.util.Objects;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.DataSpec;
import org.windtunnel.tensor.Rng;

/** A synthetic corpus of known entropy rate: the source {@code markov}. Both splits are streams of one chain. */
final class MarkovCorpus implements TokenCorpus {
    /** Stands for endless: more than any run reads, small enough that offsets never overflow. */
    static final long ENDLESS = 1L << 50;

    private static final int MAX_VOCAB = 1024;
    private static final double MAX_LOOK_BACK = 20_000;

    private final int vocab;
    private final MarkovChain chain;
    private final Rng trainDraws;
    private final Rng validationDraws;
    private final long trainLength;
    private final long validationLength;
    private final Provenance provenance;

    private MarkovCorpus(DataSpec.Markov spec) {
        this.vocab = spec.vocab();
        this.chain = new MarkovChain(
                vocab, spec.order(), spec.zipf(), spec.stateWeight(), spec.spectrum(), spec.seed());
        this.trainDraws = new Rng(spec.seed(), Rng.stream("markov train"));
        this.validationDraws = new Rng(spec.seed(), Rng.stream("markov validation"));
        this.trainLength = spec.trainTokens() == null ? ENDLESS : spec.trainTokens();
        this.validationLength = spec.validationTokens();
        this.provenance = new Provenance(spec.toString(), List.of());
    }

    static MarkovCorpus open(DataSpec.Markov spec) {
        require(spec.vocab() >= 2 && spec.vocab() <= MAX_VOCAB, "vocab", "2 to " + MAX_VOCAB, spec.vocab());
        require(spec.order() >= 1 && spec.order() <= 3, "order", "1, 2 or 3", spec.order());
        require(spec.zipf() >= 0 && spec.zipf() <= 10, "zipf", "0 to 10", spec.zipf());
        require(spec.stateWeight() >= 0 && spec.stateWeight() <= 1, "state_weight", "0 to 1", spec.stateWeight());
        require(spec.spectrum() >= 0 && spec.spectrum() <= 10, "spectrum", "0 to 10", spec.spectrum());
        requireLength("validation_tokens", spec.validationTokens());
        if (spec.trainTokens() != null) {
            requireLength("train_tokens", spec.trainTokens());
        }
        double table = StrictMath.pow(spec.vocab(), spec.order() + 1.0);
        if (table > MarkovChain.MAX_TABLE) {
            throw new ConfigException(String.format(
                    Locale.ROOT,
                    "data: vocab %d with order %d needs a table of %.0f ranks, expected at most %d;"
                            + " vocab may be %d with order 2 and %d with order 3",
                    spec.vocab(),
                    spec.order(),
                    table,
                    MarkovChain.MAX_TABLE,
                    (int) Math.cbrt(MarkovChain.MAX_TABLE),
                    (int) Math.sqrt(Math.sqrt(MarkovChain.MAX_TABLE))));
        }
        MarkovCorpus corpus = new MarkovCorpus(spec);
        if (!(corpus.chain.expectedLookBack() <= MAX_LOOK_BACK)) {
            throw new ConfigException(String.format(
                    Locale.ROOT,
                    "data: zipf %s with order %d and vocab %d is too predictable: a read at a random place would go back"
                            + " %.1e tokens on average, expected at most %.0f; lower zipf, order or vocab",
                    spec.zipf(),
                    spec.order(),
                    spec.vocab(),
                    corpus.chain.expectedLookBack(),
                    MAX_LOOK_BACK));
        }
        return corpus;
    }

    private static void requireLength(String key, long tokens) {
        require(tokens > 0 && tokens <= ENDLESS, key, "1 to 2^50", tokens);
    }

    private static void require(boolean holds, String key, String expected, Object found) {
        if (!holds) {
            throw new ConfigException("data." + key + ": expected " + expected + ", found " + found);
        }
    }

    @Override
    public int vocabSize() {
        return vocab;
    }

    @Override
    public long length(Split split) {
        return split == Split.TRAIN ? trainLength : validationLength;
    }

    @Override
    public void read(Split split, long offset, int count, int[] dst, int at) {
        Objects.checkFromIndexSize(offset, (long) count, length(split));
        chain.read(draws(split), offset, count, dst, at);
    }

    @Override
    public Provenance provenance() {
        return provenance;
    }

    /**
     * {@inheritDoc}
     *
     * <p>For order k > 1 the first k − 1 targets of a window lack part of their past, so the lowest mean loss over
     * windows lies above this by at most (k − 1) / context · (ln V − rate).
     */
    @Override
    public double entropyRate() {
        return chain.entropyRate();
    }

    @Override
    public double entropyOf(Split split, long[] offsets, int context) {
        double nats = 0;
        for (long offset : offsets) {
            Objects.checkFromIndexSize(offset, context + 1L, length(split));
            nats += chain.surprisal(draws(split), offset + 1, context);
        }
        return nats / ((double) offsets.length * context);
    }

    private Rng draws(Split split) {
        return split == Split.TRAIN ? trainDraws : validationDraws;
    }

    @Override
    public double bytesPerToken(Split split) {
        return Double.NaN;
    }
}
