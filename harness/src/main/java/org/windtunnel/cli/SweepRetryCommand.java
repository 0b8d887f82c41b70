package org.windtunnel.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code windtunnel sweep retry CONFIG --failed}: does what failed again, with what is missing. */
@Command(
        name = "retry",
        mixinStandardHelpOptions = true,
        description = "Do the runs that are missing, with --failed those that failed as well; diverged ones stay as they are.")
final class SweepRetryCommand implements Callable<Integer> {
    @Mixin
    private ExperimentOptions experiment;

    @Option(names = "--failed", description = "Failed runs too")
    private boolean failed;

    @Option(names = "--workers", paramLabel = "N", description = "Worker processes (default: sweep.workers)")
    private Integer workers;

    @Override
    public Integer call() {
        return SweepCommand.sweep(experiment, workers, failed, false).code();
    }
}
