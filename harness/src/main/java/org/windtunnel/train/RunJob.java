package org.windtunnel.train;

import java.util.Map;
import org.windtunnel.checkpoint.Sha256;
import org.windtunnel.config.ConfigWriter;
import org.windtunnel.config.ExperimentSpec;

/**
 * One run to execute, with its identity.
 *
 * @param sweep directory under runs/
 * @param runId name of the run directory, {@code <slug>_<hash8>}
 * @param axes what the sweep varied: config path → value
 * @param spec the experiment, everything decided
 * @param givenYaml the experiment file as given
 * @param branch where it starts from another run's state; null for a run from its initialisation
 */
public record RunJob(
        String sweep,
        String runId,
        String slug,
        String hash,
        Map<String, Object> axes,
        ExperimentSpec spec,
        String givenYaml,
        BranchPoint branch) {

    /** Every key with its value. Written when it is asked for, since most jobs of a large sweep only want to be listed. */
    public String resolvedYaml() {
        return ConfigWriter.yaml(spec);
    }

    /** The same as nested maps. */
    public Map<String, Object> resolvedTree() {
        return ConfigWriter.tree(spec);
    }

    /** What decides the run's result: SHA-256 over the experiment, and over where a branch starts. */
    public String identity() {
        return identity(spec, branch);
    }

    /** @param branch null for a run from its initialisation */
    public static String identity(ExperimentSpec spec, BranchPoint branch) {
        String identity = ConfigWriter.identity(spec);
        return branch == null ? identity : Sha256.of(identity + " from " + branch.parentIdentity() + " at " + branch.step());
    }
}
