package org.windtunnel.backend;

import org.windtunnel.tensor.Tensor;

/**
 * The figures of a step, loss and gradient norm, on a backend whose work is queued: they stay on the device, are sent
 * to the host when they are there, and are received while the next step is at work. Clipping needs the norm at once, and
 * takes it from the device. Those of an evaluation add up on the device likewise, over all of its micro-batches.
 *
 * <p>Used by one thread. What is sent is received in its order; at most {@link #MOST} are on their way.
 */
public interface LateFigures {
    /** Figures that may be sent before the first of them is received. */
    int MOST = 2;

    /** Adds the loss that was computed last, with null for its sums, to the step's; {@code first} begins a step. */
    void addLoss(boolean first);

    /** Makes the gradient's sum of squares one of the figures. */
    void squares(Tensor gradient);

    /**
     * factor = min(1, limit / (norm + eps)) with the norm from {@link #squares}, NaN if that is; 1 if the limit is 0.
     *
     * @param limit FLOAT64 [1], as is {@code factor}
     */
    void clipFactor(Tensor limit, double eps, Tensor factor);

    /** Sends the figures once they are computed. */
    void send();

    /**
     * Waits for the figures that were sent first.
     *
     * @param into receives {Σ loss, Σ gradient²}
     * @throws IllegalArgumentException if a token id or target was not below the size of its table
     */
    void receive(double[] into);

    /** Sets the sums of an evaluation to 0. */
    void beginEvaluation();

    /** Adds the loss that was computed last, with null for its sums, and its targets to the evaluation's. */
    void addEvaluated();

    /**
     * Adds to the evaluation's errors the rows whose largest logit is not their target's; of equal ones the first counts,
     * and a NaN is larger than others only in the first place.
     *
     * @param logits [N, V]
     * @param targets INT32 [N]; rows with a negative one are left out
     */
    void addErrors(Tensor logits, Tensor targets);

    /**
     * Waits for the sums of an evaluation; nothing else may be on its way.
     *
     * @param into receives {Σ loss, number of targets, errors}
     * @throws IllegalArgumentException if a token id or target was not below the size of its table
     */
    void evaluation(double[] into);

    /** Forgets what was sent and not received. */
    void forget();
}
