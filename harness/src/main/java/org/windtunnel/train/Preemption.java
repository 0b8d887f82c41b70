package org.windtunnel.train;

/** A request, from any thread, that runs end after the step they are in, resumably. */
public final class Preemption {
    private volatile String reason;

    /** @param why as the run's marker will say; the first reason stays */
    public void request(String why) {
        if (reason == null) {
            reason = why;
        }
    }

    /** Why runs should end; null while they shouldn't. */
    public String reason() {
        return reason;
    }
}
