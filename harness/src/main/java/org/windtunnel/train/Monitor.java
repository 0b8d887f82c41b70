package org.windtunnel.train;

import com.fasterxml.jackson.databind.node.ObjectNode;
import org.windtunnel.diag.Measurement;
import org.windtunnel.record.RunLog;

/** Counts clipped and skipped steps, and writes the diagnostics where they are due. */
final class Monitor implements Resumable {
    private final RunSession session;
    private final RunLog log;
    private long steps;
    private long clipped;
    private long skipped;
    private long nanos;

    Monitor(RunSession session, RunLog log) {
        this.session = session;
        this.log = log;
    }

    /** Whether the step that will be the {@code finished}th is looked into. */
    boolean isDue(long finished) {
        return session.diagnostics() != null && session.diagnostics().isDue(finished);
    }

    /** To be called between the backward pass and the update of the step that will be the {@code finished}th. */
    void beforeUpdate(long finished, boolean skip) {
        steps++;
        clipped += session.clip() < 1 ? 1 : 0;
        skipped += skip ? 1 : 0;
        if (isDue(finished)) {
            long start = System.nanoTime();
            session.diagnostics().beforeUpdate();
            nanos += System.nanoTime() - start;
        }
    }

    /**
     * To be called after it.
     *
     * @param tokens cumulative, this step included
     * @param flops cumulative, this step included
     * @param runNanos since the run started
     */
    void afterUpdate(long finished, long tokens, double flops, long runNanos) {
        if (!isDue(finished)) {
            return;
        }
        long start = System.nanoTime();
        session.diagnostics().afterUpdate();
        long rows = session.loadDiagnosticBatch();
        Measurement measurement = session.diagnostics().measure(finished, rows);
        long now = System.nanoTime();
        nanos += now - start;
        log.diagnostics(new RunLog.DiagnosticPoint(finished, tokens, flops, (double) clipped / steps, skipped,
                nanos / (double) (runNanos + now - start), measurement.logitZ(), measurement.sharpnessValue(), measurement));
        steps = 0;
        clipped = 0;
        skipped = 0;
    }

    /** Time that diagnostics have taken so far. */
    long nanos() {
        return nanos;
    }

    @Override
    public String stateName() {
        return "diagnostics";
    }

    @Override
    public void save(ObjectNode into) {
        into.put("steps", steps).put("clipped", clipped).put("skipped", skipped).put("nanos", nanos);
    }

    @Override
    public void restore(ObjectNode from) {
        steps = from.path("steps").asLong();
        clipped = from.path("clipped").asLong();
        skipped = from.path("skipped").asLong();
        nanos = from.path("nanos").asLong();
    }
}
