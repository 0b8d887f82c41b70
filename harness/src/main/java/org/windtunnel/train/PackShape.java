package org.windtunnel.train;

import java.util.List;
import java.util.Map;
import org.windtunnel.config.ConfigWriter;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.config.RuntimeSpec.BackendName;

/**
 * What runs must have in common to be stacked: all that decides what work a step is. They may differ in seed, learning
 * rate, weight decay and schedule, which are numbers that the work reads from memory. Whether it is the same work is
 * seen when it is recorded; this is for putting runs together that are worth a try.
 */
public final class PackShape {
    private static final List<String> OF_A_RUN = List.of("name", "seed", "schedule");

    private PackShape() {}

    /**
     * A text that is equal for runs that may be trained as one stacked step.
     *
     * @param branch where a run starts from another one's state, or null
     * @return null for a run that is done by itself: on another backend than cuda, or without its graphs
     */
    public static String of(ExperimentSpec spec, BranchPoint branch) {
        if (spec.runtime().backend() != BackendName.CUDA || !spec.runtime().cudaGraphs()) {
            return null;
        }
        Map<String, Object> tree = ConfigWriter.tree(spec);
        tree.keySet().removeAll(OF_A_RUN);
        if (tree.get("optimizer") instanceof Map<?, ?> optimizer) {
            optimizer.remove("lr");
            optimizer.remove("weight_decay");
        }
        // Without decay an optimizer may leave out a kernel.
        String decay = spec.optimizer().weightDecay() == 0 ? " without decay" : "";
        return tree + decay + (branch == null ? "" : " from step " + branch.step());
    }
}
