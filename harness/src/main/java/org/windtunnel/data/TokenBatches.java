package org.windtunnel.data;

import java.util.Arrays;
import org.windtunnel.config.TrainSpec;
import org.windtunnel.tensor.Tensor;

/** A corpus in the order of its {@link BatchPlan}. */
final class TokenBatches implements BatchSource {
    private final TokenCorpus corpus;
    private final BatchPlan plan;
    private final int context;
    private final int microBatch;
    private final long[] offsets;
    private final long[] evaluation;
    private final int[] inputIds;
    private final int[] targetIds;

    TokenBatches(TokenCorpus corpus, int context, TrainSpec train, int microBatch, long seed) {
        this.corpus = corpus;
        this.plan = new BatchPlan(corpus, context, train.batch(), train.sampling(), seed);
        this.context = context;
        this.microBatch = microBatch;
        this.offsets = new long[microBatch];
        this.evaluation = BatchPlan.evaluation(corpus, context, train.evalSequences());
        this.inputIds = new int[microBatch * context];
        this.targetIds = new int[microBatch * context];
    }

    @Override
    public void train(long step, int first, Tensor inputs, Tensor targets) {
        plan.offsets(step, first, microBatch, offsets);
        fill(Split.TRAIN, microBatch, inputs, targets);
    }

    @Override
    public int evaluationExamples() {
        return evaluation.length;
    }

    @Override
    public void evaluation(int first, Tensor inputs, Tensor targets) {
        int count = Math.min(microBatch, evaluation.length - first);
        System.arraycopy(evaluation, first, offsets, 0, count);
        fill(Split.VALIDATION, count, inputs, targets);
    }

    @Override
    public void diagnostic(Tensor inputs, Tensor targets) {
        for (int i = 0; i < microBatch; i++) {
            offsets[i] = evaluation[i % evaluation.length];
        }
        fill(Split.VALIDATION, microBatch, inputs, targets);
    }

    private void fill(Split split, int count, Tensor inputs, Tensor targets) {
        Batches.fill(corpus, split, offsets, 0, count, context, inputIds, targetIds);
        // A last, smaller batch of an evaluation: rows beyond it keep old inputs and leave the loss.
        Arrays.fill(targetIds, count * context, targetIds.length, -1);
        inputs.set(inputIds);
        targets.set(targetIds);
    }
}
