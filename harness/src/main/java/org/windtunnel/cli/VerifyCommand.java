package org.windtunnel.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.published.Comparison;
import org.windtunnel.analysis.published.PublishedFits;
import org.windtunnel.backend.registry.Backends;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.RuntimeSpec;
import org.windtunnel.config.RuntimeSpec.BackendName;
import org.windtunnel.config.RuntimeSpec.Precision;
import org.windtunnel.verify.Check;
import org.windtunnel.verify.Verifier;
import org.windtunnel.verify.VerifyReport;
import org.windtunnel.verify.VerifyTable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code windtunnel verify PATH...}: replays golden files and repeats published fits. */
@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        description =
                "Replay golden files of official implementations and print the deviations; exits 1 if any is too large.")
final class VerifyCommand implements Callable<Integer> {
    @Spec
    private CommandSpec command;

    @Parameters(
            arity = "1..*",
            paramLabel = "PATH",
            description = "Golden JSON files, folders of published loss data, or directories of them")
    private List<Path> paths;

    @Option(names = "--backend", description = "cpu, cuda or nd4j (default: ${DEFAULT-VALUE})", defaultValue = "CPU")
    private BackendName backend;

    @Option(
            names = "--precision",
            description = "fp32, tf32 or bf16 on cuda, fp64 on nd4j (default: ${DEFAULT-VALUE})",
            defaultValue = "FP32")
    private Precision precision;

    @Option(names = "--threads", description = "Threads (default: ${DEFAULT-VALUE})", defaultValue = "1")
    private int threads;

    @Override
    public Integer call() {
        RuntimeSpec runtime = new RuntimeSpec(backend, threads, precision);
        VerifyReport report = Verifier.verify(paths, () -> Backends.open(runtime), VerifyCommand::published);
        command.commandLine().getOut().print(VerifyTable.format(report));
        command.commandLine().getOut().flush();
        return (report.passed() ? ExitCode.DONE : ExitCode.FAILED).code();
    }

    /** Repeats the published fits of a folder of loss data. */
    private static Optional<List<Check>> published(Path folder) {
        if (!PublishedFits.knows(folder)) {
            return Optional.empty();
        }
        try {
            return Optional.of(PublishedFits.check(folder).stream()
                    .map(c -> check(folder.getFileName().toString(), c))
                    .toList());
        } catch (AnalysisException e) {
            throw new ConfigException(e.getMessage(), e);
        }
    }

    private static Check check(String folder, Comparison c) {
        double difference = Math.abs(c.obtained() - c.expected());
        return new Check(
                folder + "/" + c.fit(),
                String.format(Locale.ROOT, "%s: %.7g, expected %.7g", c.quantity(), c.obtained(), c.expected()),
                difference,
                difference == 0 ? 0 : difference / Math.abs(c.expected()),
                String.format(Locale.ROOT, "%.1e", c.tolerance()),
                c.passed());
    }
}
