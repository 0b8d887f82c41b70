package org.windtunnel.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.windtunnel.train.RunJob;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code windtunnel resume RUN}: goes on with a run, from its directory alone. */
@Command(
        name = "resume",
        mixinStandardHelpOptions = true,
        description = "Go on with a run that was interrupted, from its newest good checkpoint.")
final class ResumeCommand implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "RUN", description = "The run directory")
    private Path directory;

    @Override
    public Integer call() {
        RunJob job = StoredRun.read(directory);
        return SingleRun.execute(job, directory, "windtunnel train CONFIG --again").code();
    }
}
