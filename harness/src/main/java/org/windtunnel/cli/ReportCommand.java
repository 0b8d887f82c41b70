package org.windtunnel.cli;

import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.windtunnel.analysis.curve.RunTable;
import org.windtunnel.analysis.fit.FitFile;
import org.windtunnel.analysis.report.HtmlReport;
import org.windtunnel.analysis.report.PngCharts;
import org.windtunnel.analysis.study.FitStudies;
import org.windtunnel.analysis.study.Study;
import org.windtunnel.analysis.study.StudyFile;
import org.windtunnel.analysis.study.StudyOptions;
import org.windtunnel.analysis.study.StudyResult;
import org.windtunnel.analysis.study.Verdict;
import org.windtunnel.config.ConfigException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code windtunnel report SWEEP_DIR}: the verdict and the HTML report of runs that exist. */
@Command(
        name = "report",
        mixinStandardHelpOptions = true,
        description =
                "Print the verdict on a sweep directory and write its HTML report, or that of a stored fit; trains"
                        + " nothing.")
final class ReportCommand implements Callable<Integer> {
    @Parameters(
            index = "0",
            paramLabel = "SWEEP_DIR|FIT",
            description = "Directory of run directories, or a fit that fit --out wrote")
    private Path directory;

    @Option(
            names = "--config",
            paramLabel = "CONFIG",
            description =
                    "Take the analysis section of this experiment file (default: that of the sweep, or of the last"
                            + " report)")
    private Path config;

    @Option(
            names = "--png",
            paramLabel = "DIR",
            description = "Write pictures of the main charts into this directory as well")
    private Path pictures;

    @Override
    public Integer call() {
        if (directory.toString().endsWith(".json") && Files.isRegularFile(directory)) {
            StudyResult fit = FitStudies.of(FitFile.read(directory));
            Path html = Path.of(directory.toString().replaceAll("\\.json$", ".html"));
            HtmlReport.write(fit, html);
            System.out.println("report: " + html);
            pictures(fit);
            return ExitCode.DONE.code();
        }
        StudyOptions options = config == null
                ? StudyFile.options(directory).orElseGet(StudyOptions::defaults)
                : Experiments.studyOptions(Experiments.load(config, List.of()));
        StudyResult result = report(runs(), options, System.out);
        pictures(result);
        return ExitCode.DONE.code();
    }

    /** A mistyped path is an error; a sweep whose runs cannot be read still gets its page, which says so. */
    private RunTable runs() {
        RunTable table = RunTable.read(directory);
        if (table.runs().isEmpty() && table.problems().isEmpty()) {
            throw new ConfigException(
                    "report: expected a sweep directory such as runs/quickstart, or one run's, found no" + " runs in "
                            + directory + ". Run `windtunnel sweep CONFIG` first or check the path.");
        }
        return table;
    }

    private void pictures(StudyResult result) {
        if (pictures != null) {
            PngCharts.write(result, pictures).forEach(file -> System.out.println("picture: " + file));
        }
    }

    /** Analyses the runs of a sweep, leaves study.json and report.html in its directory, and prints the verdict. */
    static StudyResult report(RunTable table, StudyOptions options, PrintStream out) {
        Path directory = table.directory();
        StudyResult result = Study.run(table, options);
        StudyFile.write(result, directory);
        Path html = directory.resolve("report.html");
        HtmlReport.write(result, html);
        out.println();
        Verdict.lines(result).forEach(out::println);
        out.println();
        out.println("report: " + html);
        return result;
    }
}
