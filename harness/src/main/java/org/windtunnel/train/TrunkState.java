package org.windtunnel.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.windtunnel.checkpoint.Checkpoint;

/** The state a branch started from, by its hash, remembered even when the trunk no longer keeps it. */
final class TrunkState implements Resumable {
    private static final String NAME = "trunk";
    private static final String HASH = "checkpoint";

    private String hash;

    /** @param checkpoint the trunk's, or a later one of the branch itself */
    TrunkState(Checkpoint checkpoint, boolean isTrunk) {
        this.hash = isTrunk ? checkpoint.hash() : checkpoint.meta().state().path(NAME).path(HASH).asText();
    }

    String hash() {
        return hash;
    }

    @Override
    public String stateName() {
        return NAME;
    }

    @Override
    public void save(ObjectNode into) {
        into.put(HASH, hash);
    }

    @Override
    public void restore(ObjectNode from) {
        hash = from.path(HASH).asText();
    }
}
