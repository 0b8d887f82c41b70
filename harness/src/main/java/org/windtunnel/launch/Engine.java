package org.windtunnel.launch;

import java.util.List;
import java.util.Map;

/** What a cluster's scheduler can be asked. Its tasks find their runs in the directory of the submission. */
public interface Engine {

    /** Its name in configs. */
    String name();

    /** Where in the engine it submits to, such as a namespace; empty where there is but one place. */
    String place();

    /** Hands over every task of a submission. @return what became of it, as a sentence for people */
    String submit(Submission submission);

    /**
     * What the engine still has of each submission; one that it has nothing of is left out.
     *
     * @throws org.windtunnel.config.ConfigException if it cannot be asked from here
     */
    Map<Submission, Job> jobs(List<Submission> submissions);

    /** Drops what waits and has what is under way save its state and end. @return whether nothing is left to wait for */
    boolean cancel(Submission submission);

    /**
     * A job under way.
     *
     * @param name what the engine calls it
     * @param tasks those that wait or run
     */
    record Job(String name, Map<Integer, Task> tasks) {}

    /**
     * A task that waits or runs.
     *
     * @param reason why it waits, in the engine's words; null for none
     */
    record Task(boolean running, String reason) {}
}
