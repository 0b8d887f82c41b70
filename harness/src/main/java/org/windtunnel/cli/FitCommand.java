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
import org.windtunnel.analysis.curve.RunRows;
import org.windtunnel.analysis.curve.RunTable;
import org.windtunnel.analysis.curve.SizeMeasure;
import org.windtunnel.analysis.fit.FitFile;
import org.windtunnel.analysis.fit.FitLines;
import org.windtunnel.analysis.fit.FitOptions;
import org.windtunnel.analysis.fit.TableFit;
import org.windtunnel.analysis.fit.TableFitter;
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
    @Parameters(arity = "0..2", paramLabel = "DATA", description = "A directory of runs, or a .csv or .jsonl file")
    private List<Path> data = List.of();

    @Option(names = "--law", paramLabel = "NAME", defaultValue = "chinchilla", description = "The law; list for all")
    private String law;

    @Option(
            names = "--column",
            paramLabel = "QUANTITY=COLUMN",
            description = "Column that holds a quantity of the law, for example N=params; may be repeated")
    private Map<String, String> columns = new LinkedHashMap<>();

    @Option(names = "--where", paramLabel = "CONDITION", description = "Rows to fit, for example C<1e21; may be repeated")
    private List<String> where = List.of();

    @Option(names = "--delta", paramLabel = "D", defaultValue = "1e-3", description = "Of the Huber loss; or lad, or squares")
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

    @Option(names = "--cluster", paramLabel = "COLUMN", description = "Resample rows of equal value together, such as run")
    private String cluster;

    @Option(names = "--n", defaultValue = "non_embedding", description = "What N counts of runs: non_embedding or total")
    private SizeMeasure size;

    @Option(names = "--every-run", description = "Fit all runs, not the best setting at each value of the inputs")
    private boolean everyRun;

    @Option(names = "--predict", paramLabel = "DATA", description = "Laws of curves: curves to predict")
    private List<Path> predict = List.of();

    @Option(names = "--out", paramLabel = "FILE", description = "Write the fit as JSON, for plan --law")
    private Path out;

    @Option(names = "--report", paramLabel = "FILE", description = "Write the fit as one HTML page with charts and numbers")
    private Path report;

    @Override
    public Integer call() {
        if (law.equals("list")) {
            list();
        } else if (data.isEmpty()) {
            throw new ConfigException("expected a directory of runs or a .csv or .jsonl table to fit, found none");
        } else if (CurveFit.LAWS.contains(law)) {
            curves();
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
        System.out.print(table);
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
        DataTable table = table(path, form);
        for (String condition : where) {
            table = table.filter(Condition.parse(condition));
        }
        String source = path.getFileName() + (where.isEmpty() ? "" : " where " + String.join(", ", where));
        TableFitter.Settings settings =
                new TableFitter.Settings(columns, new FitOptions(delta(), bootstrap, seed, level), scale, fix, cluster);
        return TableFitter.fit(form, table, source, settings);
    }

    private DataTable table(Path path, Law form) {
        if (!Files.isDirectory(path)) {
            return DataTable.read(path);
        }
        DataTable rows = RunRows.of(path, RunTable.read(path).runs(), size);
        List<String> by = form.inputs().stream().map(i -> columns.getOrDefault(i, i)).toList();
        if (everyRun || !form.output().equals("loss") || !rows.columns().containsAll(by)) {
            return rows;
        }
        return RunRows.best(rows, by);
    }

    private double delta() {
        return switch (delta.toLowerCase(Locale.ROOT)) {
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
        new CurveFit(law, train, delta()).lines(unseen).forEach(System.out::println);
    }

    private List<ScheduledCurve> curvesOf(Path path, List<String> conditions) {
        if (Files.isDirectory(path)) {
            return CurveData.of(RunTable.read(path).runs());
        }
        return CurveData.read(path, columns, conditions.stream().map(Condition::parse).toList());
    }
}
