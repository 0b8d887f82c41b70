package org.windtunnel.launch;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.config.ConfigException;

/** Hands the runs of a sweep to a cluster's scheduler, packed into tasks. */
public final class BatchLauncher implements Launcher {
    private final Engine engine;
    private final Path sweep;
    private final Packing packing;

    /**
     * How runs become tasks.
     *
     * @param tasks at most so many
     * @param workers processes that a task runs at a time
     * @param pinCores whether they are bound to cores
     */
    public record Packing(int tasks, int workers, boolean pinCores) {}

    /** @param sweep the sweep's directory */
    public BatchLauncher(Engine engine, Path sweep, Packing packing) {
        this.engine = engine;
        this.sweep = sweep;
        this.packing = packing;
    }

    @Override
    public void launch(List<LocalJob> jobs) {
        closeEnded();
        List<List<LocalJob>> slices = Slices.of(jobs, packing.tasks(), packing.workers());
        Submission submission = Submission.write(sweep, engine, packing.workers(), packing.pinCores(), slices);
        try {
            System.out.printf("%s: %d runs in %d task%s; %s%n", submission.directory(), jobs.size(), slices.size(),
                    slices.size() == 1 ? "" : "s", engine.submit(submission));
        } catch (RuntimeException e) {
            submission.close();
            throw e;
        }
    }

    /** So that they need not be asked about again. */
    private void closeEnded() {
        List<Submission> open = open();
        try {
            Map<Submission, Engine.Job> known = engine.jobs(open);
            open.stream().filter(submission -> !known.containsKey(submission)).forEach(Submission::close);
        } catch (ConfigException notToBeAsked) {
            // Another time, then.
        }
    }

    private List<Submission> open() {
        return Submission.open(sweep).stream()
                .filter(s -> s.engine().equals(engine.name()) && s.place().equals(engine.place()))
                .toList();
    }

    @Override
    public Map<String, Held> held() {
        Map<String, Held> held = new LinkedHashMap<>();
        List<Submission> open = open();
        if (open.isEmpty()) {
            return held;
        }
        Map<Submission, Engine.Job> jobs;
        try {
            jobs = engine.jobs(open);
        } catch (ConfigException notToBeAsked) {
            // Better to wait for an answer than to have a run done twice.
            String reason = notToBeAsked.getMessage().lines().reduce((first, last) -> last).orElse("");
            for (Submission submission : open) {
                Held unknown = new Held(engine.name(), Submission.JOBS + "/" + submission.number(), false, reason);
                submission.tasks().forEach(runs -> runs.forEach(run -> held.put(run, unknown)));
            }
            return held;
        }
        for (Submission submission : open) {
            for (int task = 0; task < submission.tasks().size(); task++) {
                Held by = by(jobs.get(submission), task);
                if (by != null) {
                    submission.tasks().get(task).forEach(run -> held.put(run, by));
                }
            }
        }
        return held;
    }

    private Held by(Engine.Job job, int task) {
        Engine.Task known = job == null ? null : job.tasks().get(task);
        return known == null ? null : new Held(engine.name(), job.name(), known.running(), known.reason());
    }

    @Override
    public void cancel() {
        open().stream().filter(engine::cancel).forEach(Submission::close);
    }
}
