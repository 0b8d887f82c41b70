package org.windtunnel.data;

import org.windtunnel.tensor.Tensor;

/**
 * A data set in the order of one run, a pure function of (seed, step). Fills a model's input and target tensors for one
 * micro-batch at a time. Used by one thread.
 */
public interface BatchSource extends AutoCloseable {

    /**
     * Fills a micro-batch of a training step.
     *
     * @param step 0-based
     * @param first example of the step that the micro-batch starts with
     */
    void train(long step, int first, Tensor inputs, Tensor targets);

    /** How the targets of the last training micro-batch were mixed; null where they are not. */
    default Mixture mixture() {
        return null;
    }

    /**
     * Second targets of a micro-batch, and their shares in [0, 1]; the arrays are overwritten by the next.
     *
     * @param seconds one for each example
     */
    record Mixture(int[] seconds, float[] shares) {}

    /** Examples of the fixed evaluation set. */
    int evaluationExamples();

    /** Fills a micro-batch of it from example {@code first} on; targets beyond its end are −1 and leave the loss. */
    void evaluation(int first, Tensor inputs, Tensor targets);

    /** Fills a micro-batch with its first examples, over and over if there are fewer. */
    void diagnostic(Tensor inputs, Tensor targets);

    @Override
    default void close() {}
}
