package org.windtunnel.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.windtunnel.config.ConfigException;
import org.windtunnel.launch.Launcher;
import org.windtunnel.launch.LocalJob;
import org.windtunnel.launch.LocalLauncher;
import org.windtunnel.launch.Placement;
import org.windtunnel.record.RunDirectory;
import org.windtunnel.record.RunStatus;
import org.windtunnel.train.MemoryLedger;

/** Runs of a sweep done by worker processes of this machine, until all have ended or someone asks to stop. */
final class LocalSweep {
    private static final String CANCEL = "CANCEL";
    private static final long WATCH_MILLIS = 300;

    private LocalSweep() {}

    /**
     * Does the runs.
     *
     * @param directory of the sweep
     * @param logs directory of the workers' logs
     * @return {@code DONE} once every run has ended, however it did; why not otherwise
     */
    static ExitCode run(Path directory, Path logs, List<LocalJob> jobs, int workers, Placement placement) {
        if (workers < 1) {
            throw new ConfigException("sweep.workers: expected at least 1, found " + workers);
        }
        requireMemory(jobs, workers);
        PrintStream out = System.out;
        double cost = jobs.stream().mapToDouble(LocalJob::cost).sum();
        SweepProgress progress = new SweepProgress(out, jobs.size(), cost, Terminal.isInteractive());
        List<String> command = LocalLauncher.workerCommand(Main.class.getName(), "worker", directory.toString());
        Stop stop = new Stop(new LocalLauncher(command, workers, placement, logs, progress), cancelFile(directory));
        try (progress;
                Signals signals = Signals.listen(stop::request)) {
            stop.watch();
            stop.launcher.launch(jobs);
        } finally {
            stop.ended = true;
        }
        summary(out, progress);
        if (progress.fatal() != null) {
            System.err.println("windtunnel: " + progress.fatal().reason());
            return ExitCode.CANNOT_WRITE;
        }
        if (stop.reason != null) {
            out.printf("stopped (%s); the same command does the rest%n", stop.reason);
            return ExitCode.PREEMPTED;
        }
        return ExitCode.DONE;
    }

    /** In a sweep's directory: no further run may start. */
    static Path cancelFile(Path directory) {
        return directory.resolve(CANCEL);
    }

    /** Lets runs start again, after an earlier cancellation. */
    static void forgetCancellation(Path directory) {
        try {
            Files.deleteIfExists(cancelFile(directory));
        } catch (IOException e) {
            throw RunDirectory.notWritable(cancelFile(directory), e);
        }
    }

    /** The largest runs and packs may well be under way together, since the longest go first. */
    private static void requireMemory(List<LocalJob> jobs, int workers) {
        Map<String, Long> packs = new HashMap<>();
        for (LocalJob job : jobs) {
            packs.merge(job.pack() == null ? "run " + job.runId() : job.pack(), job.memory(), Long::sum);
        }
        long needed = packs.values().stream()
                .sorted(Comparator.reverseOrder())
                .limit(workers)
                .mapToLong(Long::longValue)
                .sum();
        MemoryLedger.requireAvailable(needed, workers + " workers with the largest runs");
    }

    private static void summary(PrintStream out, SweepProgress progress) {
        out.printf("%d done, %d diverged, %d failed", progress.count(RunStatus.DONE), progress.count(RunStatus.DIVERGED),
                progress.count(RunStatus.FAILED));
        if (progress.count(RunStatus.PREEMPTED) > 0) {
            out.printf(", %d interrupted", progress.count(RunStatus.PREEMPTED));
        }
        if (progress.skipped() > 0) {
            out.printf(", %d left to another process", progress.skipped());
        }
        out.println();
    }

    /** Ends a sweep early: on a signal, or when {@code sweep cancel} asks for it from anywhere. */
    private static final class Stop {
        private final Launcher launcher;
        private final Path cancel;
        private volatile String reason;
        private volatile boolean ended;

        Stop(Launcher launcher, Path cancel) {
            this.launcher = launcher;
            this.cancel = cancel;
        }

        void request(String why) {
            reason = why;
            System.err.println("windtunnel: " + why + ": every run ends after its step, resumably; "
                    + "a second signal ends the sweep at once");
            launcher.cancel();
        }

        /** Looks for the file, since a request may come from another machine on the same file system. */
        void watch() {
            Thread watcher = new Thread(() -> {
                while (!ended && reason == null) {
                    if (Files.exists(cancel)) {
                        request("cancelled");
                    }
                    LockSupport.parkNanos(WATCH_MILLIS * 1_000_000);
                }
            }, "cancel-watch");
            watcher.setDaemon(true);
            watcher.start();
        }
    }
}
