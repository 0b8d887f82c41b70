package org.windtunnel.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.concurrent.Callable;
import org.windtunnel.backend.registry.Doctor;
import org.windtunnel.config.RuntimeSpec.BackendName;
import org.windtunnel.record.Environment;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code windtunnel doctor}: what is in use and how fast it is. */
@Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        description = "Report the machine, the BLAS and its kernels, and measure how fast they are.")
final class DoctorCommand implements Callable<Integer> {
    @Spec
    private CommandSpec command;

    @Option(names = "--threads", description = "Threads to measure with, beside one (default: all cores)")
    private Integer threads;

    @Option(names = "--backend", description = "cpu or cuda (default: ${DEFAULT-VALUE})", defaultValue = "CPU")
    private BackendName backend;

    @Override
    public Integer call() {
        Doctor.Report report = backend == BackendName.CUDA
                ? Doctor.measureGpu()
                : Doctor.measure(threads == null ? Runtime.getRuntime().availableProcessors() : threads);
        PrintWriter out = command.commandLine().getOut();
        TextTable facts = new TextTable(List.of("machine", ""));
        Environment.describe().forEach((k, v) -> facts.row(List.of(k, v)));
        report.facts().forEach((k, v) -> facts.row(List.of(k, v)));
        out.println(facts);
        TextTable speeds = new TextTable(List.of("measured", "threads", "", ""));
        for (Doctor.Speed s : report.speeds()) {
            speeds.row(List.of(
                    s.what(), Integer.toString(s.threads()), String.format("%.1f", s.value()), s.unit()));
        }
        out.println(speeds);
        report.warnings().forEach(w -> out.println("warning: " + w));
        out.println(report.warnings().isEmpty() ? "No trouble found." : "See the warnings above.");
        out.flush();
        return ExitCode.DONE.code();
    }
}
