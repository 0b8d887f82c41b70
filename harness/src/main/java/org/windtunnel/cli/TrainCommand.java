package org.windtunnel.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.windtunnel.backend.registry.Backends;
import org.windtunnel.record.RunDirectory;
import org.windtunnel.train.RunJob;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code windtunnel train CONFIG}: one run. */
@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        description = "Train one run; one that was interrupted goes on from its newest checkpoint.")
final class TrainCommand implements Callable<Integer> {
    @Mixin
    private ExperimentOptions experiment;

    @Option(
            names = "--again",
            description = "Train from the first step, whatever there is; the directory is overwritten")
    private boolean again;

    @Override
    public Integer call() {
        RunJob job = Experiments.single(experiment);
        Path directory = experiment.directory(job.sweep()).resolve(job.runId());
        if (again) {
            Backends.requireUsable(job.spec().runtime());
            try (RunDirectory run = RunDirectory.open(directory)) {
                run.clear();
            }
        }
        return SingleRun.execute(job, directory, "--again").code();
    }
}
