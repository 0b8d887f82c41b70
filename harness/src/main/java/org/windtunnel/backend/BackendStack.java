package org.windtunnel.backend;

/**
 * Backends for several runs on one device, which does the work that they repeat for all of them at once. Each is used by
 * a thread of its own; work that is repeated waits until every run is about to do it.
 */
public interface BackendStack extends AutoCloseable {

    /** Number of runs it has memory for. */
    int size();

    /** The backend of a run, 0 to {@link #size}. The caller closes it; the others do not wait for it after that. */
    Backend open(int run);

    /** Has the others wait no longer for a run: it has ended, or does not begin. */
    void leave(int run);

    /** Gives the device back; every backend is closed by then. */
    @Override
    void close();
}
