package org.windtunnel.launch;

import java.util.List;
import java.util.Map;

/**
 * Has the runs of a sweep done. Whoever does them, a run is its directory: what is done, and what is still to be done, is
 * read there.
 */
public interface Launcher {

    /** Does the runs, or hands them to an engine that will; a branch comes after its trunk. */
    void launch(List<LocalJob> jobs);

    /** The runs that an engine has already and that must not be handed to another, by run id. */
    Map<String, Held> held();

    /** Ends what {@link #launch} began: what is under way saves its state, what has not started won't. */
    void cancel();

    /**
     * A run that an engine has.
     *
     * @param engine by its name
     * @param job what the engine calls the job
     * @param running whether the part of the job that the run is in is under way
     * @param reason why it waits, in the engine's words; null for none
     */
    record Held(String engine, String job, boolean running, String reason) {}
}
