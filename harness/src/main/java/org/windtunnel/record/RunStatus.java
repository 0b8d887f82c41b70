package org.windtunnel.record;

/** How a run ended; the name is the marker file's. A run without a marker is running or was cut off. */
public enum RunStatus {
    DONE,
    DIVERGED,
    FAILED,
    PREEMPTED
}
