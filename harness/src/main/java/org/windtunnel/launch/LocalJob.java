package org.windtunnel.launch;

import org.windtunnel.launch.WorkerMessage.Assign;

/**
 * A run to be done by a worker.
 *
 * @param cost expected work in any unit, for the order (longest first) and the time left
 * @param memory bytes of the machine's memory that it takes
 * @param pack runs of one pack are a worker's at the same time; null for a run by itself
 */
public record LocalJob(Assign assign, double cost, long memory, String pack) {

    /** A run by itself. */
    public LocalJob(Assign assign, double cost, long memory) {
        this(assign, cost, memory, null);
    }

    /** This run as one of a pack. */
    public LocalJob in(String name) {
        return new LocalJob(assign, cost, memory, name);
    }

    public String runId() {
        return assign.runId();
    }

    /** The run that must be done before this one can start; null if there is none. */
    public String after() {
        return assign.branch() == null ? null : assign.branch().parent();
    }
}
