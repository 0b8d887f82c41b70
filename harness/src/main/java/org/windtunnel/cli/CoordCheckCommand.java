package org.windtunnel.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.windtunnel.analysis.report.CoordCheckCurves;
import org.windtunnel.analysis.report.CoordCheckCurves.Fact;
import org.windtunnel.analysis.report.CoordCheckPicture;
import org.windtunnel.analysis.report.CoordCheckReport;
import org.windtunnel.config.ConfigLoader;
import org.windtunnel.config.ConfigWriter;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.coord.CoordBatch;
import org.windtunnel.coord.CoordCheck;
import org.windtunnel.coord.CoordCheckOptions;
import org.windtunnel.coord.CoordCheckResult;
import org.windtunnel.coord.CoordCurve;
import org.windtunnel.train.RunExecutor;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code windtunnel coord-check CONFIG}: does anything in the model grow or shrink with its width? */
@Command(
        name = "coord-check",
        mixinStandardHelpOptions = true,
        description = {
            "Train a few steps at several widths on one fixed batch and print how the size of every module's output (l1) and "
                    + "of its change (delta) scales with width, as slopes in log-log; exits 1 unless all are flat.",
            "Runs at the experiment's peak learning rate, without schedule and clipping; a sweep section is left out."
        })
final class CoordCheckCommand implements Callable<Integer> {
    @Mixin
    private ExperimentOptions experiment;

    @Option(names = "--widths", split = ",", paramLabel = "N",
            description = "Widths (default: 1, 2, 4 and 8 times parameterization.base_width, else model.width)")
    private List<Integer> widths;

    @Option(
            names = "--seeds",
            description = "Initialisations to average over (default: ${DEFAULT-VALUE})",
            defaultValue = "3")
    private int seeds;

    @Option(names = "--steps", description = "Forward passes, the first before any update (default: ${DEFAULT-VALUE})",
            defaultValue = "4")
    private int steps;

    @Option(
            names = "--sequences",
            description = "Sequences of the batch (default: ${DEFAULT-VALUE})",
            defaultValue = "4")
    private int sequences;

    @Option(names = "--threshold", description = "Largest |slope| that counts as flat (default: ${DEFAULT-VALUE})",
            defaultValue = "" + CoordCheckOptions.THRESHOLD)
    private double threshold;

    @Option(
            names = "--png",
            paramLabel = "DIR",
            description = "Write a picture of the changes into this directory as well")
    private Path pictures;

    @Override
    public Integer call() {
        ExperimentSpec spec = ConfigLoader.bind(Experiments.load(experiment).experiment());
        CoordCheckOptions options = new CoordCheckOptions(
                widths != null ? widths : CoordCheckOptions.doublings(smallestWidth(spec)), seeds, steps, threshold);
        CoordCheckResult result;
        try (RunExecutor executor = new RunExecutor(Path.of(""))) {
            CoordBatch batch = CoordBatch.of(spec, executor.dataset(spec.data()), sequences);
            result = CoordCheck.run(spec, batch, options, executor.backend(spec.runtime()));
        }
        print(result, System.out);
        report(spec, result, System.out);
        return (result.passed() ? ExitCode.DONE : ExitCode.FAILED).code();
    }

    private static int smallestWidth(ExperimentSpec spec) {
        Object parameterization = ConfigWriter.tree(spec).get("parameterization");
        Object base = parameterization instanceof Map<?, ?> section ? section.get("base_width") : null;
        return base instanceof Number width ? width.intValue() : spec.model().width();
    }

    private static void print(CoordCheckResult result, PrintStream out) {
        CoordCheckOptions options = result.options();
        out.printf("slopes of log2(size) over log2(width), widths %s, %d seeds; t1 is before any update%n%n",
                options.widths(), options.seeds());
        List<String> header = new ArrayList<>(List.of("module"));
        for (int t = 1; t <= options.steps(); t++) {
            header.add("l1 t" + t);
        }
        for (int t = 2; t <= options.steps(); t++) {
            header.add("delta t" + t);
        }
        header.addAll(List.of("own t" + options.steps(), "passed on t" + options.steps(), "verdict"));
        TextTable table = new TextTable(header);
        result.curves().forEach(curve -> table.row(row(result, curve)));
        out.println(table);
        out.println(verdict(result));
    }

    private static String verdict(CoordCheckResult result) {
        long flat = result.curves().stream().filter(c -> result.failures(c).isEmpty()).count();
        return String.format("%s: %d of %d modules within ±%.2f", result.passed() ? "PASSED" : "FAILED",
                flat, result.curves().size(), result.options().threshold());
    }

    private void report(ExperimentSpec spec, CoordCheckResult result, PrintStream out) {
        CoordCheckOptions options = result.options();
        List<Fact> facts = List.of(
                new Fact("parameterization", type(spec, "parameterization")),
                new Fact(
                        "optimizer",
                        type(spec, "optimizer") + ", rate " + spec.optimizer().lr()),
                new Fact("widths", options.widths().toString()),
                new Fact("seeds", Integer.toString(options.seeds())),
                new Fact(
                        "batch",
                        sequences + " examples of " + spec.model().unitsPerExample() + " "
                                + spec.model().unit()));
        CoordCheckCurves curves = CoordCheckPages.curves(spec.name(), facts, verdict(result), result);
        Path page = experiment.directory(spec.name()).resolve("coord-check.html");
        CoordCheckReport.write(curves, page);
        out.println("report: " + page);
        if (pictures != null) {
            out.println("picture: " + CoordCheckPicture.write(curves, pictures));
        }
    }

    private static String type(ExperimentSpec spec, String section) {
        return ConfigWriter.tree(spec).get(section) instanceof Map<?, ?> keys ? String.valueOf(keys.get("type")) : "";
    }

    private static List<String> row(CoordCheckResult result, CoordCurve curve) {
        int last = result.options().steps() - 1;
        List<String> cells = new ArrayList<>(List.of(curve.module()));
        for (int t = 0; t <= last; t++) {
            cells.add(slope(result.l1Slope(curve, t)));
        }
        for (int t = 1; t <= last; t++) {
            cells.add(slope(result.deltaSlope(curve, t)));
        }
        boolean split = curve.effective() != null;
        cells.add(split ? slope(CoordCurve.slope(result.widths(), curve.effective()[last])) : "-");
        cells.add(split ? slope(CoordCurve.slope(result.widths(), curve.propagated()[last])) : "-");
        List<String> failures = result.failures(curve);
        cells.add(failures.isEmpty() ? "ok" : "FAILED " + String.join(", ", failures));
        return cells;
    }

    private static String slope(double slope) {
        return Double.isNaN(slope) ? "-" : String.format("%+.2f", slope);
    }
}
