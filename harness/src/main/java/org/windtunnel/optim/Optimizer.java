package org.windtunnel.optim;

import java.util.Map;
import org.windtunnel.tensor.Tensor;

/** Updates a model's weights from its gradients. Holds its state in flat tensors taken from an allocator. */
public interface Optimizer {

    /**
     * One update, with {@link #gradScale} set by the host.
     *
     * @param lr scheduled learning rate before per-parameter multipliers
     * @param gradScale factor on the gradients (global-norm clipping)
     */
    default void step(double lr, double gradScale) {
        gradScale().put(0, gradScale);
        prepare(lr);
        update();
    }

    /**
     * The host's half of an update: counts it, and sends ahead the numbers that its kernels will read from memory.
     *
     * @param lr scheduled learning rate before per-parameter multipliers
     */
    void prepare(double lr);

    /**
     * The other half: has the backend do the update that was prepared, from the gradients and {@link #gradScale}. It
     * makes the same calls of the backend every time and reads nothing back, so that it can be recorded and replayed.
     */
    void update();

    /** Factor on the gradients, FLOAT64 [1]; to be set before {@link #update} by the host or by work of the backend. */
    Tensor gradScale();

    /** Updates done so far; part of the state. */
    long steps();

    /** Bytes of state held, equal to what was allocated. */
    long stateBytes();

    /** State by name, as views of the live tensors: what a checkpoint saves and restores. */
    Map<String, Tensor> state();

    /** Sets the number of updates done, when state is restored. */
    void restoreSteps(long steps);
}
