package org.windtunnel.launch;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.windtunnel.launch.WorkerMessage.Assign;
import org.windtunnel.train.BranchPoint;

/** Jobs as a sweep makes them, for tests of launchers. */
public final class LaunchedJobs {
    private LaunchedJobs() {}

    /** @param after the trunk's id, or null */
    public static LocalJob job(String id, double cost, String after) {
        BranchPoint branch = after == null ? null : new BranchPoint(after, "0".repeat(64), 10);
        Assign assign = new Assign("sweep", id, id, "hash", Map.of("optimizer.lr", 0.01), "# as given\n", "seed: 1\n", branch);
        return new LocalJob(assign, cost, 1000);
    }

    /** Jobs r0, r1, ... of equal cost. */
    public static List<LocalJob> jobs(int count) {
        List<LocalJob> jobs = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            jobs.add(job("r" + i, 1, null));
        }
        return jobs;
    }
}
