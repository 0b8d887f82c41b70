package org.windtunnel.backend.cuda.driver;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.cuda.cudart.CUevent_st;
import org.bytedeco.cuda.cudart.CUstream_st;
import org.bytedeco.cuda.global.cudart;
import org.windtunnel.backend.WorkTimes;

/** Times by a pair of events around each call. */
final class EventTimes implements WorkTimes, AutoCloseable {
    private final CUstream_st stream;
    /** Events in pairs, kept for the next time. */
    private final List<CUevent_st> events = new ArrayList<>();
    private final List<String> work = new ArrayList<>();
    private boolean timing;

    EventTimes(CUstream_st stream) {
        this.stream = stream;
    }

    @Override
    public void begin() {
        work.clear();
        timing = true;
    }

    boolean areTaken() {
        return timing;
    }

    /** To be called ahead of a call. */
    void before(String what) {
        if (timing) {
            work.add(what);
            mark(2 * work.size() - 2);
        }
    }

    /** To be called behind it. */
    void after() {
        if (timing) {
            mark(2 * work.size() - 1);
        }
    }

    private void mark(int index) {
        if (index == events.size()) {
            CUevent_st event = new CUevent_st();
            Status.driver(cudart.cuEventCreate(event, cudart.CU_EVENT_DEFAULT), "creating an event");
            events.add(event);
        }
        Status.driver(cudart.cuEventRecord(events.get(index), stream), "marking a time");
    }

    @Override
    public List<Row> end() {
        timing = false;
        Status.driver(cudart.cuStreamSynchronize(stream), "waiting for the GPU");
        Map<String, Row> rows = new LinkedHashMap<>();
        float[] millis = new float[1];
        for (int i = 0; i < work.size(); i++) {
            Status.driver(
                    cudart.cuEventElapsedTime(millis, events.get(2 * i), events.get(2 * i + 1)), "taking a time");
            rows.merge(work.get(i), new Row(work.get(i), 1, millis[0]), EventTimes::sum);
        }
        return rows.values().stream().sorted(Comparator.comparingDouble(Row::millis).reversed()).toList();
    }

    private static Row sum(Row a, Row b) {
        return new Row(a.work(), a.calls() + b.calls(), a.millis() + b.millis());
    }

    @Override
    public void close() {
        events.forEach(cudart::cuEventDestroy);
    }
}
