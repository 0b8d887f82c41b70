package org.windtunnel.optim;

import java.util.Map;
import org.windtunnel.tensor.Tensor;

/** Updates the parameters of one group. */
interface Updater {

    /**
     * One update.
     *
     * @param lr scheduled rate of the optimizer's main rule
     * @param step 1 for the first update
     * @param gradScale factor on the gradients
     */
    void step(double lr, long step, double gradScale);

    /** State by name, as views of the live tensors. */
    Map<String, Tensor> state();
}
