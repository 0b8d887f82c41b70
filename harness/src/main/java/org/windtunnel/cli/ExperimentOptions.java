package org.windtunnel.cli;

import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The arguments of every command that takes an experiment file. */
final class ExperimentOptions {
    @Parameters(index = "0", paramLabel = "CONFIG", description = "The experiment file")
    Path config;

    @Option(
            names = "--set",
            paramLabel = "PATH=VALUE",
            description = "Override a key, for example --set model.width=128; may be repeated")
    List<String> overrides = List.of();

    @Option(
            names = "--runs",
            paramLabel = "DIR",
            description = "Where run directories go (default: runs/ of the project)")
    Path runs;

    /** The directory of a sweep's or experiment's runs. */
    Path directory(String name) {
        return runsRoot().resolve(name);
    }

    private Path runsRoot() {
        if (runs != null) {
            return runs;
        }
        String home = System.getProperty("windtunnel.home");
        return home == null ? Path.of("runs") : relative(Path.of(home, "runs"));
    }

    /** A path as short as it can be said from here. */
    static Path relative(Path path) {
        Path here = Path.of("").toAbsolutePath();
        Path absolute = path.toAbsolutePath().normalize();
        return absolute.startsWith(here) ? here.relativize(absolute) : path;
    }
}
