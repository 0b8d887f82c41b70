package org.windtunnel.train;

import java.util.Map;
import org.windtunnel.config.ExperimentSpec;

/**
 * One run to execute, with its identity.
 *
 * @param sweep directory under runs/
 * @param runId name of the run directory, {@code <slug>_<hash8>}
 * @param axes what the sweep varied: config path → value
 * @param spec the experiment, everything decided
 * @param givenYaml the experiment file as given
 * @param resolvedYaml every key with its value
 * @param resolvedTree the same as nested maps
 */
public record RunJob(
        String sweep,
        String runId,
        String slug,
        String hash,
        Map<String, Object> axes,
        ExperimentSpec spec,
        String givenYaml,
        String resolvedYaml,
        Map<String, Object> resolvedTree) {}
