package org.windtunnel.launch;

import org.windtunnel.launch.WorkerMessage.Finished;
import org.windtunnel.launch.WorkerMessage.Progress;

/** Hears how a sweep goes; calls come from several threads, one at a time. */
public interface SweepListener {

    void started(LocalJob job);

    void progress(LocalJob job, Progress progress);

    void finished(LocalJob job, Finished finished);

    /** The run was left alone. */
    void skipped(LocalJob job, String reason);
}
