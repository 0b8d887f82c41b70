package org.windtunnel.launch;

import java.util.Map;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.train.BranchPoint;

/**
 * One run of a sweep.
 *
 * @param slug readable and safe as a file name, from the axes
 * @param hash identity of what decides the result
 * @param axes what the sweep varied: config path → Boolean, Long, Double or String
 * @param branch where it starts from another run's state; null for a run from its initialisation
 */
public record PlannedRun(String slug, String hash, Map<String, Object> axes, ExperimentSpec spec, BranchPoint branch) {

    /** Name of the run directory. */
    public String runId() {
        return slug + "_" + hash;
    }
}
