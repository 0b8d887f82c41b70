package org.windtunnel.backend.cuda;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.windtunnel.backend.RepeatedWork;

/**
 * Work that is done call by call the first time, so that whatever happens once has happened, recorded the second time,
 * and replayed from then on. It is recorded anew when the workspace has moved, whose address is in the recording.
 */
final class Recording implements RepeatedWork {
    private static final Logger LOG = LoggerFactory.getLogger(Recording.class);
    private static final long NONE = -1;

    private final Device device;
    private final Workspace workspace;
    private final String what;
    private final Runnable work;
    private long handle = NONE;
    private long recordedAt;
    private boolean prepared;
    private boolean refused;

    Recording(Device device, Workspace workspace, String what, Runnable work) {
        this.device = device;
        this.workspace = workspace;
        this.what = what;
        this.work = work;
    }

    @Override
    public void run() {
        if (handle != NONE && recordedAt != workspace.address()) {
            close();
        }
        if (handle == NONE && prepared && !refused) {
            record();
        }
        if (handle != NONE) {
            device.replay(handle);
        } else {
            work.run();
            prepared = true;
        }
    }

    private void record() {
        try {
            device.beginRecording();
            boolean whole = false;
            try {
                work.run();
                whole = true;
            } finally {
                if (!whole) {
                    abandon();
                }
            }
            handle = device.endRecording();
            recordedAt = workspace.address();
        } catch (DeviceException e) {
            refused = true;
            LOG.warn("{} cannot be recorded as a CUDA graph ({}); its kernels are launched one by one", what,
                    e.getMessage());
        }
    }

    /** What kept the work from being recorded is the error to tell. */
    private void abandon() {
        try {
            device.forget(device.endRecording());
        } catch (DeviceException e) {
            LOG.debug("a recording that is given up", e);
        }
    }

    @Override
    public void close() {
        if (handle != NONE) {
            device.forget(handle);
            handle = NONE;
        }
    }
}
