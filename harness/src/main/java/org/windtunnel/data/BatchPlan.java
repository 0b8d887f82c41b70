package org.windtunnel.data;

import java.util.Objects;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.TrainSpec.Sampling;
import org.windtunnel.tensor.Rng;

/**
 * Which training windows step t sees: a pure function of (seed, step), so that resuming, accumulating over
 * micro-batches and any number of workers see the same data.
 *
 * <p>A window at offset o has the inputs [o, o + context) and the targets [o + 1, o + context + 1). Sequence i of
 * 0-based step t is sequence c = t · batch + i of the run.
 *
 * <ul>
 *   <li>SHUFFLED cuts the split into floor((length − 1) / context) windows that do not overlap and walks through a
 *       fresh permutation of them each epoch; an epoch may end within a step.
 *   <li>RANDOM draws each offset uniformly from all that leave room for the window.
 * </ul>
 */
public final class BatchPlan {
    private final Rng rng;
    private final Sampling sampling;
    private final long windows;
    private final long places;
    private final int context;
    private final int batch;

    /**
     * @param context inputs per sequence
     * @param batch sequences per optimizer step
     * @param seed the run's seed
     * @throws ConfigException if the training split is shorter than one window
     */
    public BatchPlan(TokenCorpus corpus, int context, int batch, Sampling sampling, long seed) {
        if (context <= 0 || batch <= 0) {
            throw new ConfigException(
                    "expected a positive context and batch, found context " + context + " and batch " + batch);
        }
        long length = corpus.length(Split.TRAIN);
        requireWindow("training", length, context);
        this.rng = new Rng(seed, Rng.stream("data order"));
        this.sampling = sampling;
        this.windows = windows(length, context);
        this.places = length - context;
        this.context = context;
        this.batch = batch;
    }

    /** Sequences per step. */
    public int batch() {
        return batch;
    }

    /** Windows that do not overlap, the length of an epoch under SHUFFLED. */
    public long windowsPerEpoch() {
        return windows;
    }

    /**
     * Offsets of sequences [first, first + count) of a step, to {@code dst[0, count)}. The micro-batches of a step
     * are consecutive ranges, so how a step is split never changes what it sees.
     *
     * @param step 0-based
     */
    public void offsets(long step, int first, int count, long[] dst) {
        Objects.checkFromIndexSize(first, count, batch);
        for (int i = 0; i < count; i++) {
            dst[i] = offset(Math.addExact(Math.multiplyExact(step, (long) batch), (long) first + i));
        }
    }

    private long offset(long sequence) {
        if (sampling == Sampling.RANDOM) {
            return rng.below(sequence, places);
        }
        return Permutation.apply(rng, sequence / windows, windows, sequence % windows) * context;
    }

    /**
     * Offsets of the fixed evaluation set: windows of the validation split that do not overlap, evenly spaced, the
     * same for every seed.
     *
     * @throws ConfigException if the validation split has fewer such windows than {@code sequences}
     */
    public static long[] evaluation(TokenCorpus corpus, int context, int sequences) {
        long length = corpus.length(Split.VALIDATION);
        if (sequences <= 0) {
            throw new ConfigException("train.eval_sequences: expected a positive number, found " + sequences);
        }
        requireWindow("validation", length, context);
        long windows = windows(length, context);
        if (windows < sequences) {
            throw new ConfigException("train.eval_sequences: expected at most " + windows + ", the windows of context "
                    + context + " that fit into " + length + " validation tokens, found " + sequences
                    + "; lower it, or hold out more data (validation_fraction, validation)");
        }
        long[] offsets = new long[sequences];
        for (int i = 0; i < sequences; i++) {
            offsets[i] = windows / sequences * i * context + windows % sequences * i / sequences * context;
        }
        return offsets;
    }

    private static long windows(long length, int context) {
        return (length - 1) / context;
    }

    private static void requireWindow(String split, long length, int context) {
        if (length <= context) {
            throw new ConfigException("data: expected at least " + (context + 1L) + " " + split
                    + " tokens for context " + context + " (the last target is one further), found " + length
                    + "; shorten model.context or bring more data");
        }
    }
}
