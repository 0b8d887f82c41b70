package org.windtunnel.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import org.windtunnel.launch.registry.Launchers;
import org.windtunnel.record.RunDirectory;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code windtunnel sweep cancel CONFIG}: ends a sweep that is under way anywhere, resumably. */
@Command(
        name = "cancel",
        mixinStandardHelpOptions = true,
        description = "Have a sweep that is under way, here, on another machine or on a cluster, save its runs and end.")
final class SweepCancelCommand implements Callable<Integer> {
    @Mixin
    private ExperimentOptions experiment;

    @Override
    public Integer call() {
        SweepLedger ledger = SweepLedger.read(experiment, Experiments.load(experiment));
        Path cancel = LocalSweep.cancelFile(ledger.directory());
        if (!Files.isDirectory(ledger.directory())) {
            System.out.println("nothing to cancel: there is no " + ledger.directory());
            return ExitCode.DONE.code();
        }
        try {
            Files.writeString(cancel, "");
        } catch (IOException e) {
            throw RunDirectory.notWritable(cancel, e);
        }
        System.out.print(ledger.heldLines());
        Launchers.cancel(ledger.directory());
        long running = ledger.rows().stream()
                .filter(row -> RunDirectory.isOwned(ledger.directory().resolve(row.job().runId())))
                .count();
        System.out.printf("asked to stop; %d run%s under way on this machine. The next sweep does the rest%n",
                running, running == 1 ? "" : "s");
        return ExitCode.DONE.code();
    }
}
