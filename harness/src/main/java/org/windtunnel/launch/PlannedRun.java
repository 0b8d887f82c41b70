package org.windtunnel.launch;

import java.util.Map;
import org.windtunnel.config.ExperimentSpec;

/**
 * One run of a sweep.
 *
 * @param slug readable and safe as a file name, from the axes
 * @param hash identity of what decides the result
 * @param axes what the sweep varied: config path → Boolean, Long, Double or String
 */
public record PlannedRun(String slug, String hash, Map<String, Object> axes, ExperimentSpec spec) {

    /** Name of the run directory. */
    public String runId() {
        return slug + "_" + hash;
    }
}
