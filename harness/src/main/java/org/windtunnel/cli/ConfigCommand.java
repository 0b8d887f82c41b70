package org.windtunnel.cli;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.windtunnel.config.ConfigReference;
import org.windtunnel.train.RunExecutor;
import org.windtunnel.train.RunJob;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code windtunnel config}: the reference of all keys, or a file with its defaults written out. */
@Command(
        name = "config",
        mixinStandardHelpOptions = true,
        description = "Check an experiment file and print it with every default, or explain all keys, or which optimizer"
                + " goes with which parameterization.")
final class ConfigCommand implements Callable<Integer> {
    @Spec
    private CommandSpec command;

    @Option(names = "--explain", description = "Print every key with its type, default and unit")
    private boolean explain;

    @Option(names = "--combinations", description = "Print which optimizer goes with which parameterization")
    private boolean combinations;

    @Parameters(index = "0", arity = "0..1", paramLabel = "CONFIG", description = "The experiment file")
    private Path config;

    @Option(names = "--set", paramLabel = "PATH=VALUE", description = "Override a key; may be repeated")
    private List<String> overrides = List.of();

    @Override
    public Integer call() {
        if (explain) {
            System.out.print(ConfigReference.text());
            return ExitCode.DONE.code();
        }
        if (combinations) {
            System.out.print(Combinations.text());
            return ExitCode.DONE.code();
        }
        if (config == null) {
            throw new ParameterException(
                    command.commandLine(), "expected CONFIG, --explain or --combinations, found none of them");
        }
        try (RunExecutor executor = new RunExecutor(Path.of(""))) {
            List<RunJob> jobs = Experiments.jobs(Experiments.load(config, overrides), executor);
            if (jobs.size() > 1) {
                System.out.printf("# first of %d runs: %s%n", jobs.size(), jobs.get(0).runId());
            }
            System.out.print(jobs.get(0).resolvedYaml());
        }
        return ExitCode.DONE.code();
    }
}
