package org.windtunnel.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.windtunnel.analysis.annealing.CurveData;
import org.windtunnel.analysis.annealing.CurveFit;
import org.windtunnel.analysis.annealing.ScheduledCurve;
import org.windtunnel.analysis.curve.Points;
import org.windtunnel.analysis.curve.RunRows;
import org.windtunnel.analysis.curve.RunTable;
import org.windtunnel.analysis.curve.SizeMeasure;
import org.windtunnel.analysis.fit.FitFile;
import org.windtunnel.analysis.fit.FitLines;
import org.windtunnel.analysis.fit.FitOptions;
import org.windtunnel.analysis.fit.TableFit;
import org.windtunnel.analysis.fit.TableFitter;
import org.windtunnel.analysis.isoflop.Envelope;
import org.windtunnel.analysis.isoflop.IsoFlop;
import org.windtunnel.analysis.isoflop.IsoFlopFit;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.law.Laws;
import org.windtunnel.analysis.law.Scale;
import org.windtunnel.analysis.plan.BudgetLines;
import org.windtunnel.analysis.plan.FamilyComparison;
import org.windtunnel.analysis.plan.Frontier;
import org.windtunnel.analysis.report.HtmlReport;
import org.windtunnel.analysis.study.FitStudies;
import org.windtunnel.analysis.table.Condition;
import org.windtunnel.analysis.table.DataTable;
import org.windtunnel.analysis.transfer.Optima;
import org.windtunnel.config.ConfigException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code windtunnel fit DATA --law NAME}: a scaling law from runs or from anyone's table. */
@Command(
        name = "fit",
        mixinStandardHelpOptions = true,
        showDefaultValues = true,
        description = {
            "Fit a scaling law to run directories or to a CSV or JSONL table; two DATA compare two families.",
            "--law list prints the laws. Laws of whole curves (annealing, multi-power) take runs, or tables with columns"
                    + " run, step, lr, loss."
        })
final class FitCommand implements Callable<Integer> {
    /** What is chosen for a run rather than measured: a law of it is fitted to its optima. */
    private static final List<String> HYPER = List.of("lr", "batch");

    @Parameters(arity = "0..2", paramLabel = "DATA", description = "A directory of runs, or a .csv or .jsonl file")
    private List<Path> data = List.of();

    @Option(names = "--law", paramLabel = "NAME", defaultValue = "chinchilla", description = "The law; list for all")
    private String law;

    @Option(
            names = "--column",
            paramLabel = "QUANTITY=COLUMN",
            description = "Column that holds a quantity of the law, for example N=params; may be repeated")
    private Map<String, String> columns = new LinkedHashMap<>();

    @Option(
            names = "--where",
            paramLabel = "CONDITION",
            description = "Rows to fit, for example C<1e21; may be repeated")
    private List<String> where = List.of();

    @Option(
            names = "--delta",
            paramLabel = "D",
            description = "Of the Huber loss; or lad, or squares (default: the law's own)")
    private String delta;

    @Option(names = "--scale", description = "Residuals of log, linear or log1p output (default: the law's own)")
    private Scale scale;

    @Option(names = "--bootstrap", paramLabel = "N", defaultValue = "1000", description = "Resamples")
    private int bootstrap;

    @Option(names = "--seed", paramLabel = "S", defaultValue = "1", description = "Of the resampling")
    private long seed;

    @Option(names = "--level", paramLabel = "P", defaultValue = "0.95", description = "Coverage of the intervals")
    private double level;

    @Option(
            names = "--fix",
            paramLabel = "PARAMETER=VALUE",
            description = "Hold a parameter of the law, for example E=1.69; may be repeated")
    private Map<String, Double> fix = new LinkedHashMap<>();

    @Option(
            names = "--cluster",
            paramLabel = "COLUMN",
            description = "Resample rows of equal value together, such as run")
    private String cluster;

    @Option(
            names = "--n",
            defaultValue = "non_embedding",
            description = "What N counts of runs: non_embedding or total")
    private SizeMeasure size;

    @Option(
            names = "--flop-count",
            defaultValue = "run",
            description = "C of runs: run (as the manifest counts) or six_n (6 N D)")
    private Points.Flops flops;

    @Option(
            names = "--checkpoints",
            defaultValue = "end",
            description =
                    "Losses of runs: end, evaluations, or training (smoothed); of more than one, runs are resampled"
                            + " whole")
    private Points.Taken taken;

    @Option(
            names = "--skip",
            paramLabel = "SHARE",
            defaultValue = "0.1",
            description = "Of a curve, left out at its start")
    private double skip;

    @Option(
            names = "--smooth",
            paramLabel = "SHARE",
            defaultValue = "0.02",
            description = "Of a run, that a training loss is averaged over")
    private double smooth;

    @Option(
            names = "--every-run",
            description = "Fit all rows, not the best setting at each value of the inputs, nor optima of lr or batch")
    private boolean everyRun;

    @Option(names = "--predict", paramLabel = "DATA", description = "Laws of curves: curves to predict")
    private List<Path> predict = List.of();

    @Option(names = "--out", paramLabel = "FILE", description = "Write the fit as JSON, for plan --law")
    private Path out;

    @Option(
            names = "--report",
            paramLabel = "FILE",
            description = "Write the fit as one HTML page with charts and numbers")
    private Path report;

    @Override
    public Integer call() {
        if (law.equals("list")) {
            list();
        } else if (data.isEmpty()) {
            throw new ConfigException("expected a directory of runs or a .csv or .jsonl table to fit, found none");
        } else if (CurveFit.LAWS.contains(law)) {
            curves();
        } else if (IsoFlopFit.LAWS.contains(law)) {
            data.forEach(this::sizes);
        } else {
            tables();
        }
        return ExitCode.DONE.code();
    }

    private static void list() {
        TextTable table = new TextTable(List.of("law", "formula", "inputs"));
        for (Map.Entry<String, Law> law : Laws.all().entrySet()) {
            table.row(List.of(law.getKey(), law.getValue().formula(), String.join(" ", law.getValue().inputs())));
        }
        table.row(List.of("annealing", "L(s) = L0 + A S1^-alpha - C S2", "run step lr"));
        table.row(List.of("multi-power", "L(s) = L0 + A S1^-alpha + B SUM of the decrements' effects", "run step lr"));
        table.row(List.of("isoflop", "N* = G C^a by the minima of IsoFLOP curves", "N D or C"));
        table.row(List.of("envelope", "N* = G C^a along the envelope of training curves", "runs"));
        System.out.print(table);
    }

    /** Approaches 1 and 2 of Hoffmann et al. */
    private void sizes(Path path) {
        if (law.equals("envelope")) {
            if (!Files.isDirectory(path)) {
                throw new ConfigException(
                        "--law envelope: expected a directory of runs with training curves, found " + path);
            }
            Points points = new Points(size, flops, Points.Taken.TRAINING, skip, smooth);
            IsoFlopFit.envelope(Envelope.curves(RunRows.of(path, RunTable.read(path).runs(), points)))
                    .forEach(System.out::println);
            return;
        }
        DataTable table = filtered(path, Laws.named("chinchilla"));
        List<IsoFlop.Point> points = table.rows().stream().map(this::point).toList();
        IsoFlopFit.parabolas(points, bootstrap, seed, level).forEach(System.out::println);
    }

    private IsoFlop.Point point(DataTable.Row row) {
        double n = row.number(columns.getOrDefault("N", "N"));
        String compute = columns.getOrDefault("C", "C");
        double c =
                row.text(compute).isEmpty() ? 6 * n * row.number(columns.getOrDefault("D", "D")) : row.number(compute);
        return new IsoFlop.Point(c, n, row.number(loss()));
    }

    private void tables() {
        List<TableFit> fits = new ArrayList<>();
        for (Path path : data) {
            TableFit fit = fit(path);
            FitLines.of(fit).forEach(System.out::println);
            fits.add(fit);
        }
        if (fits.size() == 2) {
            FamilyComparison comparison = FamilyComparison.of(new Frontier(fits.get(0)), new Frontier(fits.get(1)));
            System.out.println();
            BudgetLines.of(name(0), name(1), comparison).forEach(System.out::println);
        }
        if (fits.size() > 1 && (out != null || report != null)) {
            throw new ConfigException("--out, --report: expected one DATA, found two; write each fit on its own");
        }
        if (out != null) {
            FitFile.write(fits.get(0), out);
            System.out.println("\nfit: " + out);
        }
        if (report != null) {
            HtmlReport.write(FitStudies.of(fits.get(0)), report);
            System.out.println("\nreport: " + report);
        }
    }

    private String name(int index) {
        return data.get(index).getFileName().toString();
    }

    private TableFit fit(Path path) {
        Law form = Laws.named(law);
        DataTable table = filtered(path, form);
        String source = path.getFileName() + (where.isEmpty() ? "" : " where " + String.join(", ", where));
        TableFitter.Settings settings = new TableFitter.Settings(
                columns,
                new FitOptions(delta(form.delta()), bootstrap, seed, level),
                scale,
                fix,
                cluster == null && Files.isDirectory(path) && taken != Points.Taken.END ? "run" : cluster);
        List<String> by = form.inputs().stream().map(i -> columns.getOrDefault(i, i)).toList();
        String output = columns.getOrDefault(form.output(), form.output());
        if (!everyRun && HYPER.contains(form.output()) && Optima.sweeps(table, by, output, loss())) {
            List<String> others = HYPER.stream().filter(h -> !h.equals(output)).toList();
            Optima.Result optima = Optima.of(table, by, output, loss(), others);
            source += ", " + optima.rows().size() + " optima of " + optima.cells() + " cells"
                    + (optima.left() > 0 ? ", the others without a minimum between what was tried" : "");
            table = optima.rows();
        }
        return TableFitter.fit(form, table, source, settings);
    }

    private String loss() {
        return columns.getOrDefault("loss", "loss");
    }

    private DataTable filtered(Path path, Law form) {
        DataTable table = table(path, form);
        for (String condition : where) {
            table = table.filter(Condition.parse(condition));
        }
        return table;
    }

    private DataTable table(Path path, Law form) {
        if (!Files.isDirectory(path)) {
            return DataTable.read(path);
        }
        DataTable rows = RunRows.of(path, RunTable.read(path).runs(), new Points(size, flops, taken, skip, smooth));
        List<String> by = form.inputs().stream().map(i -> columns.getOrDefault(i, i)).toList();
        if (everyRun || taken != Points.Taken.END || !form.output().equals("loss") || !rows.columns().containsAll(by)) {
            return rows;
        }
        return RunRows.best(rows, by);
    }

    private double delta(double own) {
        return delta == null ? own : switch (delta.toLowerCase(Locale.ROOT)) {
            case "lad" -> FitOptions.LEAST_ABSOLUTE;
            case "squares" -> FitOptions.LEAST_SQUARES;
            default -> number();
        };
    }

    private double number() {
        try {
            double value = Double.parseDouble(delta);
            if (value > 0) {
                return value;
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw new ConfigException("--delta: expected a number above 0, lad or squares, found " + delta);
    }

    private void curves() {
        List<ScheduledCurve> train = new ArrayList<>();
        data.forEach(path -> train.addAll(curvesOf(path, where)));
        List<ScheduledCurve> unseen = new ArrayList<>();
        predict.forEach(path -> unseen.addAll(curvesOf(path, List.of())));
        unseen.removeIf(c -> train.stream().anyMatch(t -> t.name().equals(c.name())));
        new CurveFit(law, train, delta(1e-3)).lines(unseen).forEach(System.out::println);
    }

    private List<ScheduledCurve> curvesOf(Path path, List<String> conditions) {
        if (Files.isDirectory(path)) {
            return CurveData.of(RunTable.read(path).runs(), skip, smooth);
        }
        return CurveData.read(path, columns, conditions.stream().map(Condition::parse).toList(), skip);
    }
}
