package org.windtunnel.data;

/** A corpus whose tokens are all there: text or shards. */
final class StoredCorpus implements TokenCorpus {
    private final int vocabSize;
    private final TokenBuffer train;
    private final TokenBuffer validation;
    private final double trainBytesPerToken;
    private final double validationBytesPerToken;
    private final Provenance provenance;

    StoredCorpus(
            int vocabSize,
            TokenBuffer train,
            TokenBuffer validation,
            double trainBytesPerToken,
            double validationBytesPerToken,
            Provenance provenance) {
        this.vocabSize = vocabSize;
        this.train = train;
        this.validation = validation;
        this.trainBytesPerToken = trainBytesPerToken;
        this.validationBytesPerToken = validationBytesPerToken;
        this.provenance = provenance;
    }

    @Override
    public int vocabSize() {
        return vocabSize;
    }

    @Override
    public long length(Split split) {
        return of(split).length();
    }

    @Override
    public void read(Split split, long offset, int count, int[] dst, int at) {
        of(split).read(offset, count, dst, at);
    }

    @Override
    public Provenance provenance() {
        return provenance;
    }

    @Override
    public double entropyRate() {
        return Double.NaN;
    }

    @Override
    public double bytesPerToken(Split split) {
        return split == Split.TRAIN ? trainBytesPerToken : validationBytesPerToken;
    }

    private TokenBuffer of(Split split) {
        return split == Split.TRAIN ? train : validation;
    }
}
