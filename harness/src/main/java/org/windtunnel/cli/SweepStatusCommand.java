package org.windtunnel.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code windtunnel sweep status CONFIG}: how every run of a sweep stands. */
@Command(name = "status", mixinStandardHelpOptions = true, description = "Say how every run of a sweep stands.")
final class SweepStatusCommand implements Callable<Integer> {
    @Mixin
    private ExperimentOptions experiment;

    @Override
    public Integer call() {
        System.out.print(SweepLedger.read(experiment, Experiments.load(experiment)).status());
        return ExitCode.DONE.code();
    }
}
