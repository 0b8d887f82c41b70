package org.windtunnel.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ExperimentFile;
import org.windtunnel.launch.LocalLauncher;
import org.windtunnel.record.RunDirectory;
import org.windtunnel.record.RunStatus;
import org.windtunnel.train.MemoryLedger;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code windtunnel sweep CONFIG}: trains what is missing, then says what the runs show. */
@Command(
        name = "sweep",
        mixinStandardHelpOptions = true,
        description = "Train every run of a sweep that is not done yet, print the verdict and write the report. "
                + "Interrupted runs go on from their newest checkpoint.",
        subcommands = {SweepStatusCommand.class, SweepCancelCommand.class, SweepRetryCommand.class})
final class SweepCommand implements Callable<Integer> {
    private static final long WATCH_MILLIS = 300;

    @Mixin
    private ExperimentOptions experiment;

    @Option(names = "--dry-run", description = "List the runs and what they would take; train nothing")
    private boolean dryRun;

    @Option(names = "--workers", paramLabel = "N", description = "Worker processes (default: sweep.workers)")
    private Integer workers;

    @Option(names = "--retry-failed", description = "Do failed runs again; diverged ones stay as they are")
    private boolean retryFailed;

    @Override
    public Integer call() {
        return sweep(experiment, workers, retryFailed, dryRun).code();
    }

    /** @param workers processes, or null for {@code sweep.workers} */
    static ExitCode sweep(ExperimentOptions experiment, Integer workers, boolean failed, boolean dryRun) {
        ExperimentFile file = Experiments.load(experiment);
        SweepLedger ledger = SweepLedger.read(experiment, file);
        if (dryRun) {
            System.out.print(ledger.costs());
            return ExitCode.DONE;
        }
        List<SweepLedger.Row> missing = ledger.missing(failed);
        System.out.printf(
                "%s: %d runs, %d to do, in %s%n", ledger.name(), ledger.rows().size(), missing.size(), ledger.directory());
        if (!missing.isEmpty()) {
            SweepPlanFile.write(ledger.directory(), ledger.rows());
            int count = workers != null ? workers : file.sweep() == null ? 1 : file.sweep().workers();
            ExitCode ended = train(ledger, missing, count);
            if (ended != ExitCode.DONE) {
                return ended;
            }
        }
        ReportCommand.report(ledger.directory(), Experiments.studyOptions(file), System.out);
        Map<RunStatus, Integer> ended = ledger.ended();
        if (ended.getOrDefault(RunStatus.FAILED, 0) > 0) {
            return ExitCode.FAILED;
        }
        int decided = ended.getOrDefault(RunStatus.DONE, 0) + ended.getOrDefault(RunStatus.DIVERGED, 0);
        return decided == ledger.rows().size() ? ExitCode.DONE : ExitCode.PREEMPTED;
    }

    private static ExitCode train(SweepLedger ledger, List<SweepLedger.Row> missing, int count) {
        if (count < 1) {
            throw new ConfigException("sweep.workers: expected at least 1, found " + count);
        }
        ledger.requireTrunks(missing);
        Path directory = ledger.directory();
        createDirectory(directory);
        requireMemory(missing, count);
        double cost = missing.stream().mapToDouble(SweepLedger.Row::cost).sum();
        PrintStream out = System.out;
        SweepProgress progress = new SweepProgress(out, missing.size(), cost, Terminal.isInteractive());
        List<String> command = LocalLauncher.workerCommand(Main.class.getName(), "worker", directory.toString());
        LocalLauncher launcher = new LocalLauncher(command, directory, progress);
        Stop stop = new Stop(launcher, directory.resolve(SweepLedger.CANCEL));
        try (progress;
                Signals signals = Signals.listen(stop::request)) {
            stop.watch();
            launcher.run(missing.stream().map(SweepLedger.Row::localJob).toList(), count);
        } finally {
            stop.end();
        }
        summary(out, progress);
        if (progress.fatal() != null) {
            System.err.println("windtunnel: " + progress.fatal().reason());
            return ExitCode.CANNOT_WRITE;
        }
        if (stop.reason() != null) {
            out.printf("stopped (%s); the same command does the rest%n", stop.reason());
            return ExitCode.PREEMPTED;
        }
        return ExitCode.DONE;
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
        private final LocalLauncher launcher;
        private final Path cancel;
        private volatile String reason;
        private volatile boolean ended;

        Stop(LocalLauncher launcher, Path cancel) {
            this.launcher = launcher;
            this.cancel = cancel;
        }

        void request(String why) {
            reason = why;
            System.err.println("windtunnel: " + why + ": every run ends after its step, resumably; "
                    + "a second signal ends the sweep at once");
            launcher.stop();
        }

        /** Looks for the file, since a request may come from another machine on the same file system. */
        void watch() {
            deleteOld();
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

        private void deleteOld() {
            try {
                Files.deleteIfExists(cancel);
            } catch (IOException e) {
                throw RunDirectory.notWritable(cancel, e);
            }
        }

        void end() {
            ended = true;
        }

        String reason() {
            return reason;
        }
    }

    private static void createDirectory(Path directory) {
        // Opening and closing a run directory is the one way that reports an unwritable place as it should be.
        RunDirectory.open(directory).close();
    }

    /** The largest runs may well be under way together, since the longest go first. */
    private static void requireMemory(List<SweepLedger.Row> missing, int count) {
        long needed = missing.stream()
                .map(SweepLedger.Row::memory)
                .sorted(Comparator.reverseOrder())
                .limit(count)
                .mapToLong(Long::longValue)
                .sum();
        MemoryLedger.requireAvailable(needed, count + " workers with the largest runs");
    }
}
