package org.windtunnel.backend.cuda.stack;

import java.nio.ByteBuffer;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.windtunnel.backend.cuda.Device;
import org.windtunnel.backend.cuda.DeviceException;

/** Calls that are made again and again: as a graph, or one by one where the device records nothing. */
final class Recorded {
    private static final Logger LOG = LoggerFactory.getLogger(Recorded.class);
    private static final long NONE = -1;

    private final int run;
    private final List<Call> calls;
    private long handle = NONE;
    private boolean made;
    private boolean refused;

    /** @param run whose memory the calls are about, or the first of several */
    Recorded(int run, List<Call> calls) {
        this.run = run;
        this.calls = calls;
    }

    int run() {
        return run;
    }

    List<Call> calls() {
        return calls;
    }

    /** One by one the first time, so that whatever libraries do at a first call, they do not do within a recording. */
    void replay(Device device, ByteBuffer arguments) {
        if (handle == NONE && made && !refused) {
            record(device, arguments);
        }
        if (handle != NONE) {
            device.replay(handle);
        } else {
            make(device, arguments);
            made = true;
        }
    }

    private void make(Device device, ByteBuffer arguments) {
        for (Call call : calls) {
            call.make(device, arguments);
        }
    }

    private void record(Device device, ByteBuffer arguments) {
        try {
            device.beginRecording();
            boolean whole = false;
            try {
                make(device, arguments);
                whole = true;
            } finally {
                if (!whole) {
                    abandon(device);
                }
            }
            handle = device.endRecording();
        } catch (DeviceException e) {
            refused = true;
            LOG.warn("{} calls cannot be recorded as a CUDA graph ({}); they are made one by one", calls.size(),
                    e.getMessage());
        }
    }

    /** What kept the calls from being recorded is the error to tell. */
    private static void abandon(Device device) {
        try {
            device.forget(device.endRecording());
        } catch (DeviceException e) {
            LOG.debug("a recording that is given up", e);
        }
    }

    void forget(Device device) {
        if (handle != NONE) {
            device.forget(handle);
            handle = NONE;
        }
    }
}
