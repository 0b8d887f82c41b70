package org.windtunnel.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.windtunnel.analysis.curve.RunTable;
import org.windtunnel.analysis.study.Study;
import org.windtunnel.analysis.study.StudyFile;
import org.windtunnel.analysis.study.StudyOptions;
import org.windtunnel.analysis.study.TransferLines;
import org.windtunnel.analysis.transfer.TransferGroup;
import org.windtunnel.config.ConfigException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code windtunnel transfer RUNS}: does one learning rate serve all sizes? */
@Command(
        name = "transfer",
        mixinStandardHelpOptions = true,
        description = "Print the best learning rate per size, its drift in octaves, and the verdict; trains nothing.")
final class TransferCommand implements Callable<Integer> {
    @Parameters(arity = "1..*", paramLabel = "RUNS", description = "Directories of run directories")
    private List<Path> directories;

    @Option(
            names = "--over",
            paramLabel = "PATH",
            description = "Config path of the size to transfer over, such as model.depth or train.steps")
    private String over;

    @Option(names = "--lr", paramLabel = "PATH", description = "Config path of the learning rate")
    private String lr;

    @Option(
            names = "--group",
            paramLabel = "PATH",
            split = ",",
            description = "Config paths whose values split the runs into groups to compare")
    private List<String> group;

    @Option(
            names = "--tolerance",
            paramLabel = "OCTAVES",
            description = "Drift per doubling of the size that still counts as transfer (default: 0.25)")
    private Double tolerance;

    @Option(
            names = "--config",
            paramLabel = "CONFIG",
            description =
                    "Take the analysis section of this experiment file (default: that of the sweep, if it is one)")
    private Path config;

    @Override
    public Integer call() {
        StudyOptions options = options();
        List<TransferGroup> groups = Study.transfer(RunTable.read(directories), options);
        if (groups.isEmpty()) {
            throw new ConfigException(
                    "no runs to compare under " + directories + ": expected finished runs at three or "
                            + "more values of " + options.lrPath() + " for one " + options.widthPath()
                            + "; sweep the learning rate, or name other paths with --lr and --over");
        }
        PrintStream out = System.out;
        TransferLines.of(groups, options).forEach(out::println);
        return ExitCode.DONE.code();
    }

    private Optional<StudyOptions> studied() {
        return directories.size() == 1 ? StudyFile.options(directories.get(0)) : Optional.empty();
    }

    private StudyOptions options() {
        StudyOptions base = config == null
                ? studied().orElseGet(StudyOptions::defaults)
                : Experiments.studyOptions(Experiments.load(config, List.of()));
        return new StudyOptions(
                lr == null ? base.lrPath() : lr,
                over == null ? base.widthPath() : over,
                group == null ? base.groupPaths() : group,
                base.lawFilter(),
                base.size(),
                base.holdOut(),
                base.holdOutFraction(),
                base.bootstrap(),
                base.seed(),
                base.level(),
                base.huberDelta(),
                tolerance == null ? base.driftTolerance() : tolerance);
    }
}
