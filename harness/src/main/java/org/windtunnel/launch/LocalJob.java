package org.windtunnel.launch;

import org.windtunnel.launch.WorkerMessage.Assign;

/**
 * A run to be done by a worker.
 *
 * @param cost expected work in any unit, for the order (longest first) and the time left
 * @param memory bytes that it takes
 */
public record LocalJob(Assign assign, double cost, long memory) {

    public String runId() {
        return assign.runId();
    }

    /** The run that must be done before this one can start; null if there is none. */
    public String after() {
        return assign.branch() == null ? null : assign.branch().parent();
    }
}
