package org.windtunnel.bench;

import java.util.List;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.WorkTimes;
import org.windtunnel.config.ConfigException;
import org.windtunnel.data.Dataset;
import org.windtunnel.train.ModelPlan;
import org.windtunnel.train.RunSession;

/** Where the time of a training step goes on a device, kernel by kernel. */
public final class KernelBench {
    /**
     * Times of some steps.
     *
     * @param steps how many
     * @param rows of all of them, longest first
     */
    public record Times(int steps, List<WorkTimes.Row> rows) {
        /** Of a step, without what lies between its kernels. */
        public double stepMillis() {
            return rows.stream().mapToDouble(WorkTimes.Row::millis).sum() / steps;
        }
    }

    private KernelBench() {}

    /**
     * Trains some steps, call by call.
     *
     * @param backend one that doesn't record repeated work
     * @param warmUp steps ahead of those that are timed
     * @throws ConfigException if the backend has no times to give
     */
    public static Times run(ModelPlan plan, Dataset data, Backend backend, int warmUp, int steps) {
        WorkTimes times = backend.workTimes()
                .orElseThrow(() -> new ConfigException("runtime.backend: expected cuda, which times its kernels, found "
                        + backend.name() + "; use --set runtime.backend=cuda, and a profiler elsewhere"));
        try (RunSession session = new RunSession(plan, data, backend)) {
            for (int step = 0; step < warmUp; step++) {
                session.step(step);
            }
            times.begin();
            for (int step = warmUp; step < warmUp + steps; step++) {
                session.step(step);
            }
            return new Times(steps, times.end());
        }
    }
}
