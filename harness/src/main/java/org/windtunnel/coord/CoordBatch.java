package org.windtunnel.coord;

import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.data.BatchPlan;
import org.windtunnel.data.Batches;
import org.windtunnel.data.Split;
import org.windtunnel.data.TokenCorpus;

/**
 * The one batch that every width, seed and step of a check sees.
 *
 * @param vocab token ids V
 * @param inputs token ids [sequences · context]
 * @param targets as many
 */
public record CoordBatch(int vocab, int[] inputs, int[] targets) {

    /** The first sequences of an experiment's training order. */
    public static CoordBatch of(ExperimentSpec spec, TokenCorpus corpus, int sequences) {
        int context = spec.model().context();
        long[] offsets = new long[sequences];
        new BatchPlan(corpus, context, sequences, spec.train().sampling(), spec.seed()).offsets(0, 0, sequences, offsets);
        int[] inputs = new int[sequences * context];
        int[] targets = new int[sequences * context];
        Batches.fill(corpus, Split.TRAIN, offsets, 0, sequences, context, inputs, targets);
        return new CoordBatch(corpus.vocabSize(), inputs, targets);
    }
}
