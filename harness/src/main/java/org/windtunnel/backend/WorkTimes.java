package org.windtunnel.backend;

import java.util.List;

/** How long a device is at each kind of work, by its own clock. */
public interface WorkTimes {

    /**
     * One kind of work.
     *
     * @param work a kernel's name, a matrix product with its size, a copy
     * @param calls how often it was done
     * @param millis all of them together, without what lies between them
     */
    record Row(String work, long calls, double millis) {}

    /** Times everything that is queued from now on. Nothing may be replayed meanwhile: replays are not looked into. */
    void begin();

    /** Waits for the device and stops timing. @return what was timed, longest first */
    List<Row> end();
}
