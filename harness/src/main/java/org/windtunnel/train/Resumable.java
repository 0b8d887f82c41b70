package org.windtunnel.train;

import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * Something of a run, beside its tensors, that must be as it was when the run goes on from a checkpoint: running
 * statistics, counters, timers. Called from the training thread between steps.
 */
public interface Resumable {

    /** Its place in {@code checkpoint.json}, unlike any other's. */
    String stateName();

    /** Writes the state; {@link org.windtunnel.checkpoint.ExactNumbers} keeps doubles bit for bit. */
    void save(ObjectNode into);

    /** Takes the state back, all of it. */
    void restore(ObjectNode from);
}
