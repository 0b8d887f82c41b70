package org.windtunnel.optim;

import java.util.Map;
import org.windtunnel.tensor.Tensor;

/** Updates a model's weights from its gradients. Holds its state in flat tensors taken from an allocator. */
public interface Optimizer {

    /**
     * One update.
     *
     * @param lr scheduled learning rate before per-parameter multipliers
     * @param gradScale factor on the gradients (global-norm clipping)
     */
    void step(double lr, double gradScale);

    /** Updates done so far; part of the state. */
    long steps();

    /** Bytes of state held, equal to what was allocated. */
    long stateBytes();

    /** State by name, as views of the live tensors: what a checkpoint saves and restores. */
    Map<String, Tensor> state();

    /** Sets the number of updates done, when state is restored. */
    void restoreSteps(long steps);
}
