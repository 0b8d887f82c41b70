package org.windtunnel.cli;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.curve.RunTable;
import org.windtunnel.analysis.fit.Bootstrap;
import org.windtunnel.analysis.fit.FitOptions;
import org.windtunnel.analysis.fit.FittedLaw;
import org.windtunnel.analysis.fit.LawFitter;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.law.LossData;
import org.windtunnel.analysis.law.PowerSum;
import org.windtunnel.analysis.table.DataTable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code windtunnel bench fit}: what the fit of L(N, D) and its bootstrap cost. */
@Command(
        name = "fit",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description =
                "Time the fit of L(N, D) = E + A N^-alpha + B D^-beta from its 4,500 published starts and more, and the"
                        + " bootstrap.")
final class BenchFitCommand implements Callable<Integer> {
    private static final int GENERATED = 240;

    @Parameters(
            arity = "0..1",
            paramLabel = "TABLE",
            description = "Columns N, D, loss (default: 240 generated points)")
    private Path table;

    @Option(names = "--resamples", defaultValue = "4000", description = "Of the bootstrap")
    private int resamples;

    @Option(
            names = "--rounds",
            defaultValue = "5",
            description = "Repetitions; the first is cold, of the others the median")
    private int rounds;

    @Option(
            names = "--curve-lines",
            defaultValue = "0",
            description =
                    "Also write so many lines of training curves (180 bytes each) to a temporary directory and time"
                            + " reading them")
    private int curveLines;

    @Override
    public Integer call() {
        Law law = PowerSum.chinchilla();
        LossData data = table == null ? generated(law) : read(law);
        FitOptions options = new FitOptions(1e-3, resamples, 1, 0.95);
        TextTable text = new TextTable(List.of("", "cold CPU s", "warm CPU s", "warm wall s", "objective"));
        FittedLaw fit = time(
                text,
                law.starts(data).size() + " starts screened, the best and a spread of the rest optimised",
                () -> LawFitter.fit(law, data, options.huberDelta()),
                FittedLaw::objective);
        time(text, "every start optimised",
                () -> LawFitter.fitFrom(law, data, options.huberDelta(), law.starts(data)), FittedLaw::objective);
        time(text, resamples + " resamples refitted", () -> Bootstrap.run(fit, data, options), b -> fit.objective());
        System.out.printf(
                Locale.ROOT,
                "%d points, %d processors%n",
                data.size(),
                Runtime.getRuntime().availableProcessors());
        System.out.print(text);
        if (curveLines > 0) {
            curves();
        }
        return ExitCode.DONE.code();
    }

    private void curves() {
        try {
            Path directory = Files.createTempDirectory("curves");
            try {
                GeneratedRuns.write(directory, curveLines);
                double cpu = cpuSeconds();
                long start = System.nanoTime();
                RunTable table = RunTable.read(directory);
                System.out.printf(
                        Locale.ROOT,
                        "%d curve lines of %d runs read in %.1f s, %.1f s of CPU time, heap of %d MB%n",
                        curveLines,
                        table.runs().size(),
                        (System.nanoTime() - start) / 1e9,
                        cpuSeconds() - cpu,
                        Runtime.getRuntime().maxMemory() >> 20);
            } finally {
                GeneratedRuns.delete(directory);
            }
        } catch (IOException e) {
            throw new AnalysisException("Cannot write curves to measure with: " + e.getMessage() + ". Check space.", e);
        }
    }

    private <T> T time(TextTable text, String what, Supplier<T> work, ToDoubleFunction<T> objective) {
        List<double[]> warm = new ArrayList<>();
        double cold = 0;
        T result = null;
        for (int round = 0; round < Math.max(2, rounds); round++) {
            double cpu = cpuSeconds();
            long start = System.nanoTime();
            result = work.get();
            double[] spent = {cpuSeconds() - cpu, (System.nanoTime() - start) / 1e9};
            if (round == 0) {
                cold = spent[0];
            } else {
                warm.add(spent);
            }
        }
        text.row(List.of(what, number("%.2f", cold), number("%.2f", median(warm, 0)), number("%.2f", median(warm, 1)),
                number("%.12g", objective.applyAsDouble(result))));
        return result;
    }

    private static String number(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }

    private static double median(List<double[]> rows, int column) {
        double[] sorted = rows.stream().mapToDouble(r -> r[column]).sorted().toArray();
        return 0.5 * (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]);
    }

    private static double cpuSeconds() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                        .getProcessCpuTime()
                / 1e9;
    }

    private LossData read(Law law) {
        DataTable rows = DataTable.read(table);
        double[] n = rows.numbers("N");
        double[] d = rows.numbers("D");
        double[][] inputs = new double[n.length][];
        Arrays.setAll(inputs, i -> new double[] {n[i], d[i]});
        return LossData.of(law, inputs, rows.numbers("loss"));
    }

    /** Points along IsoFLOP curves around a law like Chinchilla's, with 0.75 % noise. */
    private static LossData generated(Law law) {
        Random random = new Random(1);
        double[][] inputs = new double[GENERATED][];
        double[] loss = new double[GENERATED];
        for (int i = 0; i < GENERATED; i++) {
            double compute = 6e18 * Math.pow(500, random.nextDouble());
            double n = Math.sqrt(compute / 120) * Math.exp(2.4 * (random.nextDouble() - 0.5));
            double d = compute / 6 / n;
            inputs[i] = new double[] {n, d};
            loss[i] = (1.82 + 480 * Math.pow(n, -0.347) + 2140 * Math.pow(d, -0.367))
                    * Math.exp(0.0075 * random.nextGaussian());
        }
        return LossData.of(law, inputs, loss);
    }
}
