package org.windtunnel.data;

/** Fills token ids of planned windows. */
public final class Batches {
    private Batches() {}

    /**
     * Inputs and targets of {@code count} windows: row i holds the tokens at [o, o + context) and [o + 1, o + context +
     * 1) for o = offsets[first + i]. Does not allocate.
     *
     * @param inputs [count · context], row-major
     * @param targets [count · context], row-major
     */
    public static void fill(
            TokenCorpus corpus,
            Split split,
            long[] offsets,
            int first,
            int count,
            int context,
            int[] inputs,
            int[] targets) {
        for (int i = 0; i < count; i++) {
            int row = i * context;
            long offset = offsets[first + i];
            corpus.read(split, offset, 1, inputs, row);
            corpus.read(split, offset + 1, context, targets, row);
            System.arraycopy(targets, row, inputs, row + 1, context - 1);
        }
    }
}
