package org.windtunnel.optim;

import java.util.Map;
import org.windtunnel.tensor.Tensor;

/** Updates the parameters of one group. */
interface Updater {

    /**
     * Sends ahead what the kernels of an update will read from memory.
     *
     * @param lr scheduled rate of the optimizer's main rule
     * @param step 1 for the first update
     */
    void prepare(double lr, long step);

    /** Has the kernels of the update do it that was prepared; the same calls every time. */
    void update();

    /** State by name, as views of the live tensors. */
    Map<String, Tensor> state();
}
