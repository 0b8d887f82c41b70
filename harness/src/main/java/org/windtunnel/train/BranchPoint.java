package org.windtunnel.train;

import org.windtunnel.config.ConfigException;

/**
 * Where a run starts that goes on from another one's state instead of a fresh initialisation.
 *
 * @param parent the trunk's run id; its directory is beside the branch's
 * @param step finished steps of the trunk at which the branch starts
 * @param hash of the trunk's checkpoint of that step
 */
public record BranchPoint(String parent, long step, String hash) {
    public BranchPoint {
        if (!parent.matches("[A-Za-z0-9_+][A-Za-z0-9.+_-]*") || step < 1 || !hash.matches("[0-9a-f]{64}")) {
            throw new ConfigException("expected the run id of a trunk, a step and the hash of its checkpoint, found "
                    + parent + ", " + step + ", " + hash);
        }
    }
}
