package org.windtunnel.cli;

import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.windtunnel.analysis.live.LiveRuns;
import org.windtunnel.analysis.serve.Dashboard;
import org.windtunnel.record.RunDirectory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code windtunnel serve RUNS}: a dashboard in the browser. */
@Command(
        name = "serve",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = "Show runs in the browser as they go: table, curves, loss against learning rate, diagnostics. "
                + "Reads only, and listens on this machine alone unless --host says otherwise.")
final class ServeCommand implements Callable<Integer> {
    @Parameters(index = "0", arity = "0..1", paramLabel = "RUNS",
            description = "Directory of sweeps, of one sweep, or of one run (default: where run directories go)")
    private Path directory;

    @Option(names = "--host", defaultValue = "127.0.0.1", description = "Name or address to listen on; 0.0.0.0 for all")
    private String host;

    @Option(names = "--port", defaultValue = "8420", description = "Port to listen on; 0 for any that is free")
    private int port;

    @Override
    public Integer call() throws InterruptedException {
        Path runs = directory == null ? ExperimentOptions.defaultRuns() : directory;
        CountDownLatch end = new CountDownLatch(1);
        try (Signals signals = Signals.listen(name -> end.countDown());
                Dashboard dashboard = new Dashboard(LiveRuns.open(runs, RunDirectory::isOwned), host, port)) {
            System.out.println(runs + " at " + dashboard.uri() + " (Ctrl-C ends)");
            if (!dashboard.isLocal()) {
                System.err.println("windtunnel: anyone who reaches " + host + " can read these runs");
            }
            end.await();
        }
        return ExitCode.DONE.code();
    }
}
