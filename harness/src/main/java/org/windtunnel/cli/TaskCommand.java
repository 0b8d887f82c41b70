package org.windtunnel.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.windtunnel.config.ConfigException;
import org.windtunnel.launch.LocalJob;
import org.windtunnel.launch.Placement;
import org.windtunnel.launch.Submission;
import org.windtunnel.record.RunDirectory;
import org.windtunnel.record.RunStatus;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * {@code windtunnel task DIR}: the share of a sweep that Slurm or Kubernetes gave to this task. Started again it does
 * what is left, so 75 as its exit code means: start me again.
 */
@Command(name = "task", hidden = true, mixinStandardHelpOptions = true,
        description = "Internal: does the runs of one task of a sweep on a cluster.")
final class TaskCommand implements Callable<Integer> {
    /** Where engines tell a task its number. */
    private static final List<String> INDEXES = List.of("SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX");

    @Parameters(index = "0", paramLabel = "DIR", description = "The submission, jobs/NNNN in the sweep's directory")
    private Path directory;

    @Option(names = "--index", paramLabel = "N", description = "Which task (default: as Slurm or Kubernetes says)")
    private Integer index;

    @Override
    public Integer call() {
        Submission submission = Submission.read(directory);
        Path sweep = ExperimentOptions.relative(submission.sweep());
        int task = index != null ? index : fromEnvironment();
        List<LocalJob> all = submission.jobs(task);
        if (Files.exists(LocalSweep.cancelFile(sweep))) {
            System.out.println("the sweep was cancelled; its next submission does the rest");
            return ExitCode.PREEMPTED.code();
        }
        List<LocalJob> missing = all.stream().filter(job -> isOpen(sweep.resolve(job.runId()))).toList();
        System.out.printf(
                "task %d of %s: %d runs, %d to do%n", task, submission.directory(), all.size(), missing.size());
        if (!missing.isEmpty()) {
            Path logs = logs(submission, task);
            ExitCode ended = LocalSweep.run(sweep, logs, missing, submission.workers(),
                    Placement.of(List.of(), submission.pinCores()));
            if (ended != ExitCode.DONE) {
                return ended.code();
            }
        }
        return ExitCode.of(SweepLedger.ended(sweep, all.stream().map(LocalJob::runId).toList()), all.size()).code();
    }

    private static boolean isOpen(Path run) {
        Optional<RunStatus> status = RunDirectory.statusOf(run);
        return status.isEmpty() || status.get() == RunStatus.PREEMPTED;
    }

    private static Path logs(Submission submission, int task) {
        Path logs = submission.directory().resolve("task-" + task);
        try {
            return Files.createDirectories(logs);
        } catch (IOException e) {
            throw RunDirectory.notWritable(logs, e);
        }
    }

    private static int fromEnvironment() {
        return INDEXES.stream()
                .flatMap(name -> Stream.ofNullable(System.getenv(name)))
                .filter(value -> value.matches("\\d{1,9}"))
                .findFirst()
                .map(Integer::parseInt)
                .orElseThrow(() -> new ConfigException("expected --index N, or the number of the task in one of "
                        + String.join(", ", INDEXES) + ", found neither"));
    }
}
