package org.windtunnel.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.windtunnel.analysis.curve.RunTable;
import org.windtunnel.backend.registry.Backends;
import org.windtunnel.config.ExperimentFile;
import org.windtunnel.config.LauncherSpec;
import org.windtunnel.config.LauncherSpec.Local;
import org.windtunnel.config.SweepSpec;
import org.windtunnel.launch.Launcher;
import org.windtunnel.launch.LocalLauncher;
import org.windtunnel.launch.Placement;
import org.windtunnel.launch.registry.Launchers;
import org.windtunnel.record.RunDirectory;
import org.windtunnel.record.RunStatus;
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
    @Mixin
    private ExperimentOptions experiment;

    @Option(names = "--dry-run", description = "List the runs and what they would take; train nothing")
    private boolean dryRun;

    @Option(names = "--workers", paramLabel = "N", description = "Worker processes at a time (default: sweep.workers)")
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
        SweepSpec sweep = file.sweep();
        int count = workers != null ? workers : sweep == null ? 1 : sweep.workers();
        int most = sweep == null ? 1 : sweep.pack();
        LauncherSpec spec = sweep == null ? new Local(List.of(), false) : sweep.launcher();
        if (dryRun) {
            System.out.print(ledger.costs());
            int spread = spec instanceof Local ? count : 1;
            List<SweepLedger.Row> missing = ledger.missing(failed, true);
            System.out.print(Packs.describe(Packs.of(missing, most, spread), missing));
            return ExitCode.DONE;
        }
        ExitCode launched = spec instanceof Local local
                ? train(ledger, ledger.missing(failed, true), count, most, local)
                : submit(ledger, failed, count, most, spec);
        Map<RunStatus, Integer> ended = ledger.ended();
        int decided = ended.getOrDefault(RunStatus.DONE, 0) + ended.getOrDefault(RunStatus.DIVERGED, 0);
        boolean complete = decided + ended.getOrDefault(RunStatus.FAILED, 0) == ledger.rows().size();
        if (launched != ExitCode.DONE || !complete && !(spec instanceof Local)) {
            return launched;
        }
        ReportCommand.report(RunTable.read(ledger.directory()), Experiments.studyOptions(file), System.out);
        return ExitCode.of(ended, ledger.rows().size());
    }

    private static ExitCode train(
            SweepLedger ledger, List<SweepLedger.Row> missing, int workers, int most, Local spec) {
        announce(ledger, missing);
        if (missing.isEmpty()) {
            return ExitCode.DONE;
        }
        ledger.requireTrunks(missing);
        missing.stream().map(row -> row.job().spec().runtime()).distinct().forEach(Backends::requireUsable);
        // Opening and closing a run directory is the one way that reports an unwritable place as it should be.
        RunDirectory.open(ledger.directory()).close();
        SweepPlanFile.write(ledger.directory(), ledger.rows());
        LocalSweep.forgetCancellation(ledger.directory());
        return LocalSweep.run(ledger.directory(), ledger.directory(), Packs.of(missing, most, workers), workers,
                Placement.of(spec.devices(), spec.pinCores()));
    }

    /** Hands over what is missing, one process at a time, so that nothing is handed over twice. */
    private static ExitCode submit(SweepLedger ledger, boolean failed, int workers, int most, LauncherSpec spec) {
        Path directory = ledger.directory();
        try (RunDirectory own = RunDirectory.open(directory)) {
            List<SweepLedger.Row> missing = ledger.missing(failed, false);
            announce(ledger, missing);
            if (!missing.isEmpty()) {
                ledger.requireTrunks(missing);
                int threads = ledger.rows().get(0).job().spec().runtime().threads();
                Launcher launcher = Launchers.batch(spec, directory, workers, threads,
                        LocalLauncher.workerCommand(Main.class.getName()), LocalSweep.cancelFile(directory));
                SweepPlanFile.write(directory, ledger.rows());
                LocalSweep.forgetCancellation(directory);
                ledger.clearFailed(missing);
                launcher.launch(Packs.of(missing, most, 1));
            }
        }
        return ExitCode.DONE;
    }

    private static void announce(SweepLedger ledger, List<SweepLedger.Row> missing) {
        int total = ledger.rows().size();
        System.out.printf("%s: %d runs, %d to do, in %s%n", ledger.name(), total, missing.size(), ledger.directory());
        System.out.print(ledger.heldLines());
    }
}
