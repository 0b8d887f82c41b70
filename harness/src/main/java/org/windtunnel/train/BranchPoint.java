package org.windtunnel.train;

import org.windtunnel.config.ConfigException;

/**
 * Where a run starts that goes on from another one's state instead of a fresh initialisation.
 *
 * @param parent the trunk's run id; its directory is beside the branch's
 * @param parentIdentity the trunk's {@link RunJob#identity}
 * @param step finished steps of the trunk at which the branch starts
 */
public record BranchPoint(String parent, String parentIdentity, long step) {
    public BranchPoint {
        if (!parent.matches("[A-Za-z0-9_+][A-Za-z0-9.+_-]*") || !parentIdentity.matches("[0-9a-f]{64}") || step < 1) {
            throw new ConfigException("parent: expected the run id of a trunk, its identity and a step of 1 or more, found "
                    + parent + ", " + parentIdentity + ", " + step);
        }
    }
}
