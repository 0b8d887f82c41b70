package org.windtunnel.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ExperimentFile;
import org.windtunnel.launch.LocalJob;
import org.windtunnel.launch.LocalLauncher;
import org.windtunnel.launch.WorkerMessage.Assign;
import org.windtunnel.record.RunDirectory;
import org.windtunnel.record.RunStatus;
import org.windtunnel.train.MemoryLedger;
import org.windtunnel.train.ModelPlan;
import org.windtunnel.train.RunExecutor;
import org.windtunnel.train.RunJob;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code windtunnel sweep CONFIG}: trains what is missing, then says what the runs show. */
@Command(
        name = "sweep",
        mixinStandardHelpOptions = true,
        description = "Train every run of a sweep that is not done yet, print the verdict and write the report.")
final class SweepCommand implements Callable<Integer> {
    @Mixin
    private ExperimentOptions experiment;

    @Option(names = "--dry-run", description = "List the runs and what they would take; train nothing")
    private boolean dryRun;

    @Option(names = "--workers", paramLabel = "N", description = "Worker processes (default: sweep.workers)")
    private Integer workers;

    @Option(names = "--retry-failed", description = "Do failed runs again; diverged ones stay as they are")
    private boolean retryFailed;

    /** A planned run with its marker and its model. */
    private record Row(RunJob job, ModelPlan plan, RunStatus status) {

        /** Expected work: FLOPs, and a share for each token that does not shrink with the model. */
        double cost() {
            return plan.steps() * plan.tokensPerStep() * (plan.flopsPerToken() + 2e6);
        }
    }

    @Override
    public Integer call() {
        ExperimentFile file = Experiments.load(experiment);
        List<Row> rows = plan(file);
        String name = rows.get(0).job.sweep();
        Path directory = experiment.directory(name);
        if (dryRun) {
            System.out.print(table(rows));
            return ExitCode.DONE.code();
        }
        List<Row> missing = rows.stream().filter(this::isMissing).toList();
        System.out.printf(
                "%s: %d runs, %d to do, in %s%n", name, rows.size(), missing.size(), directory);
        if (!missing.isEmpty()) {
            int count = workers != null ? workers : file.sweep() == null ? 1 : file.sweep().workers();
            ExitCode ended = train(missing, directory, count);
            if (ended != ExitCode.DONE) {
                return ended.code();
            }
        }
        ReportCommand.report(directory, Experiments.studyOptions(file), System.out);
        return finalCode(rows, directory).code();
    }

    private List<Row> plan(ExperimentFile file) {
        List<Row> rows = new ArrayList<>();
        try (RunExecutor executor = new RunExecutor(Path.of(""))) {
            for (RunJob job : Experiments.jobs(file, executor)) {
                ModelPlan plan = ModelPlan.of(job.spec(), executor.corpus(job.spec().data()).vocabSize());
                Optional<RunStatus> status = RunDirectory.statusOf(experiment.directory(job.sweep()).resolve(job.runId()));
                rows.add(new Row(job, plan, status.orElse(null)));
            }
        }
        return rows;
    }

    private boolean isMissing(Row row) {
        return row.status == null || row.status == RunStatus.PREEMPTED || retryFailed && row.status == RunStatus.FAILED;
    }

    private ExitCode train(List<Row> missing, Path directory, int count) {
        if (count < 1) {
            throw new ConfigException("sweep.workers: expected at least 1, found " + count);
        }
        createDirectory(directory);
        requireMemory(missing, count);
        double cost = missing.stream().mapToDouble(Row::cost).sum();
        PrintStream out = System.out;
        SweepProgress progress = new SweepProgress(out, missing.size(), cost, Terminal.isInteractive());
        try (progress) {
            List<String> command = LocalLauncher.workerCommand(Main.class.getName(), "worker", directory.toString());
            new LocalLauncher(command, directory, progress).run(missing.stream().map(SweepCommand::localJob).toList(), count);
        }
        out.printf(
                "%d done, %d diverged, %d failed%n",
                progress.count(RunStatus.DONE), progress.count(RunStatus.DIVERGED), progress.count(RunStatus.FAILED));
        if (progress.fatal() != null) {
            System.err.println("windtunnel: " + progress.fatal().reason());
            return ExitCode.CANNOT_WRITE;
        }
        return ExitCode.DONE;
    }

    private static void createDirectory(Path directory) {
        // Opening and closing a run directory is the one way that reports an unwritable place as it should be.
        RunDirectory.open(directory).close();
    }

    private static LocalJob localJob(Row row) {
        RunJob job = row.job;
        Assign assign = new Assign(
                job.sweep(), job.runId(), job.slug(), job.hash(), job.axes(), job.givenYaml(), job.resolvedYaml());
        return new LocalJob(assign, row.cost());
    }

    /** The largest runs may well be under way together, since the longest go first. */
    private static void requireMemory(List<Row> missing, int count) {
        long needed = missing.stream()
                .map(r -> r.plan.ledger(Experiments.floatType(r.job.spec().runtime())).total())
                .sorted(Comparator.reverseOrder())
                .limit(count)
                .mapToLong(Long::longValue)
                .sum();
        MemoryLedger.requireAvailable(needed, count + " workers with the largest runs");
    }

    private static String table(List<Row> rows) {
        TextTable table = new TextTable(List.of("run", "params", "steps", "tokens", "FLOPs", "memory", "status"));
        double flops = 0;
        for (Row row : rows) {
            ModelPlan p = row.plan;
            flops += p.flops();
            table.row(List.of(
                    row.job.runId(),
                    Terminal.count(p.counts().nonEmbedding()),
                    Long.toString(p.steps()),
                    Terminal.count((double) p.steps() * p.tokensPerStep()),
                    Terminal.count(p.flops()),
                    MemoryLedger.bytes(
                            p.ledger(Experiments.floatType(row.job.spec().runtime())).total()),
                    row.status == null ? "to do" : row.status.name().toLowerCase(Locale.ROOT)));
        }
        return table + String.format("%d runs, %sFLOP%n", rows.size(), Terminal.count(flops));
    }

    private static ExitCode finalCode(List<Row> rows, Path directory) {
        boolean failed = rows.stream()
                .anyMatch(r -> RunDirectory.statusOf(directory.resolve(r.job.runId())).orElse(null) == RunStatus.FAILED);
        return failed ? ExitCode.FAILED : ExitCode.DONE;
    }
}
