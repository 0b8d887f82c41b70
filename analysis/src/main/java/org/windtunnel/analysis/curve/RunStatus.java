package org.windtunnel.analysis.curve;

/** How a run stands, from the marker file in its directory. */
public enum RunStatus {
    /** Finished as planned. */
    DONE,
    /** The loss left the finite numbers or ran away; its loss counts as infinite. */
    DIVERGED,
    /** Ended by an error that says nothing about its loss. */
    FAILED,
    /** Stopped on request, to be resumed. */
    PREEMPTED,
    /** No marker yet. */
    RUNNING
}
