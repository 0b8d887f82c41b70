package org.windtunnel.cli;

import java.nio.file.Path;
import java.util.List;
import org.windtunnel.config.ConfigException;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The arguments of every command that takes an experiment file. */
final class ExperimentOptions {
    // Optional to picocli, since `sweep status CONFIG` gives it to the inner command; see config().
    @Parameters(index = "0", arity = "0..1", paramLabel = "CONFIG", description = "The experiment file")
    private Path config;

    @Option(
            names = "--set",
            paramLabel = "PATH=VALUE",
            description = "Override a key, for example --set model.width=128; may be repeated")
    List<String> overrides = List.of();

    @Option(
            names = "--runs",
            paramLabel = "DIR",
            description = "Where run directories go (default: WINDTUNNEL_RUNS, else runs/ of the project)")
    Path runs;

    /** The experiment file. @throws ConfigException if none was given */
    Path config() {
        if (config == null) {
            throw new ConfigException("expected an experiment file, such as configs/quickstart.yaml, found none");
        }
        return config;
    }

    /** The directory of a sweep's or experiment's runs. */
    Path directory(String name) {
        return runsRoot().resolve(name);
    }

    private Path runsRoot() {
        return runs != null ? runs : defaultRuns();
    }

    /** Where run directories go unless {@code --runs} says otherwise. */
    static Path defaultRuns() {
        String given = System.getProperty("windtunnel.runs");
        return given == null ? Path.of("runs") : relative(Path.of(given));
    }

    /** A path as short as it can be said from here. */
    static Path relative(Path path) {
        Path here = Path.of("").toAbsolutePath();
        Path absolute = path.toAbsolutePath().normalize();
        return absolute.startsWith(here) ? here.relativize(absolute) : path;
    }
}
