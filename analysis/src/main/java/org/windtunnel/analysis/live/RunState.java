package org.windtunnel.analysis.live;

import java.util.Locale;

/** How a run stands just now: its marker, and without one whether a process is at it. */
public enum RunState {
    /** Planned; it has no directory yet. */
    TO_DO,
    RUNNING,
    DONE,
    DIVERGED,
    FAILED,
    /** Stopped on request, resumable. */
    PREEMPTED,
    /** No marker, and no process of its own: it was killed, or waits for its turn to be resumed. */
    INTERRUPTED;

    /** Whether there is nothing more to come of it. */
    public boolean isDecided() {
        return this == DONE || this == DIVERGED;
    }

    /** In lower case, as {@code sweep status} says it. */
    public String text() {
        return name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
