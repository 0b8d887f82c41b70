package org.windtunnel.analysis.fit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.Numbers;
import org.windtunnel.analysis.law.HeldLaw;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.law.LossData;
import org.windtunnel.analysis.law.Scale;
import org.windtunnel.analysis.table.DataTable;

/** Fits a law to a table: parameters with intervals, hold-out, baselines, profiles, warnings. */
public final class TableFitter {
    /** Values within this factor are one size or budget. */
    private static final double SAME = 1.02;
    /** Least share of the points held out: the largest values of the first input. */
    private static final double HELD = 0.1;

    private static final double HELD_OF_ONE_INPUT = 0.2;

    private final Law law;
    private final DataTable table;
    private final Settings settings;
    private final ColumnMap columns;
    private final LossData data;
    private final double[][] inputs;
    private final double[] output;

    /**
     * How a table is fitted.
     *
     * @param columns quantity of the law → column of the table
     * @param fit robust loss and resampling
     * @param scale of the residuals; null for the law's own
     * @param held parameter → value that it has, not to be fitted
     * @param cluster column whose equal values are one run for the bootstrap; null if rows are independent
     */
    public record Settings(
            Map<String, String> columns, FitOptions fit, Scale scale, Map<String, Double> held, String cluster) {}

    private TableFitter(Law law, DataTable table, Settings settings) {
        this.law = HeldLaw.of(law, settings.held);
        this.table = table;
        this.settings = settings;
        columns = ColumnMap.of(law, table, settings.columns);
        inputs = columns.inputs(law, table.rows());
        output = columns.output(law, table.rows());
        data = data(inputs, output);
    }

    /**
     * The fit.
     *
     * @param source where the rows come from, in words
     * @throws AnalysisException if a column is missing, a cell is wrong, or there are fewer rows than parameters
     */
    public static TableFit fit(Law law, DataTable table, String source, Settings settings) {
        return new TableFitter(law, table, settings).fit(source);
    }

    private LossData data(double[][] x, double[] y) {
        LossData all = LossData.of(law, x, y);
        return settings.scale == null ? all : all.on(settings.scale);
    }

    private TableFit fit(String source) {
        double delta = settings.fit.huberDelta();
        FittedLaw fitted = LawFitter.fit(law, data, delta);
        int[] clusters = clusters();
        int groups = Arrays.stream(clusters).max().orElse(-1) + 1;
        Bootstrap bootstrap = Bootstrap.run(fitted, data, settings.fit, clusters);
        List<Weakness> weaknesses = Identifiability.check(fitted, data, delta, bootstrap);
        List<String> notes = new ArrayList<>(columns.notes());
        if (groups < output.length) {
            notes.add("resampled by " + settings.cluster + ", " + groups + " of them");
        }
        return new TableFit(
                TableFit.FORMAT,
                law.name(),
                law.formula(),
                law.inputs(),
                law.output(),
                settings.held,
                source,
                notes,
                output.length,
                groups,
                data.scale().name().toLowerCase(Locale.ROOT),
                delta,
                fitted.objective(),
                fitted.converged(),
                Estimates.of(fitted, data, delta, bootstrap, weaknesses, clusters),
                exponent(fitted, bootstrap, clusters),
                fitted.optima().stream()
                        .map(o -> new TableFit.Minimum(o.objective(), natural(o.theta()), o.starts()))
                        .toList(),
                errors(fitted, inputs, output),
                holdOuts(delta),
                Profiles.of(fitted, data, delta, bootstrap, law.parameters()),
                weaknesses,
                measured(),
                compute(),
                inputs,
                output,
                fitted.theta(),
                bootstrap.thetas(),
                settings.fit.level());
    }

    private double[] natural(double[] theta) {
        return law.parameters().stream().mapToDouble(p -> p.natural(theta)).toArray();
    }

    private static FitErrors errors(FittedLaw fitted, double[][] x, double[] y) {
        return FitErrors.of(Arrays.stream(x).mapToDouble(fitted::predict).toArray(), y);
    }

    /** Number of each row's run, from 0. */
    private int[] clusters() {
        if (settings.cluster == null) {
            int[] own = new int[output.length];
            Arrays.setAll(own, i -> i);
            return own;
        }
        table.require(settings.cluster);
        Map<String, Integer> numbers = new LinkedHashMap<>();
        return table.rows().stream()
                .mapToInt(r -> numbers.computeIfAbsent(r.text(settings.cluster), name -> numbers.size()))
                .toArray();
    }

    private ParameterEstimate exponent(FittedLaw fitted, Bootstrap bootstrap, int[] clusters) {
        Law.Parameter alpha = exponentOf("N");
        Law.Parameter beta = exponentOf("D");
        if (alpha == null || beta == null || !law.name().startsWith("chinchilla")) {
            return null;
        }
        Bootstrap.Interval interval =
                bootstrap.interval(t -> beta.natural(t) / (alpha.natural(t) + beta.natural(t)));
        double a = alpha.natural(fitted.theta());
        double b = beta.natural(fitted.theta());
        Double se = null;
        double[][] covariance = Estimates.sandwich(fitted, data, settings.fit.huberDelta(), clusters);
        if (covariance != null) {
            double ga = -b / ((a + b) * (a + b));
            double gb = a / ((a + b) * (a + b));
            int i = alpha.coordinate();
            int j = beta.coordinate();
            se = Math.sqrt(Math.max(
                    0, ga * ga * covariance[i][i] + 2 * ga * gb * covariance[i][j] + gb * gb * covariance[j][j]));
        }
        return new ParameterEstimate("a", b / (a + b), interval.lo(), interval.hi(), interval.se(), se, true);
    }

    private Law.Parameter exponentOf(String input) {
        return law.parameters().stream()
                .filter(p -> p.role() == Law.Role.EXPONENT && input.equals(p.input()))
                .findFirst()
                .orElse(null);
    }

    /** Fits the rows below the largest values of each input, and of the compute, and predicts those at them. */
    private List<TableFit.Prediction> holdOuts(double delta) {
        List<TableFit.Prediction> all = new ArrayList<>();
        for (int j = 0; j < law.inputs().size(); j++) {
            int column = j;
            hold(law.inputs().get(j), Arrays.stream(inputs).mapToDouble(x -> x[column]).toArray(), delta, all);
        }
        int n = law.inputs().indexOf("N");
        int d = law.inputs().indexOf("D");
        if (n >= 0 && d >= 0) {
            hold("6 N D", Arrays.stream(inputs).mapToDouble(x -> 6 * x[n] * x[d]).toArray(), delta, all);
        }
        return all;
    }

    private void hold(String quantity, double[] by, double delta, List<TableFit.Prediction> all) {
        double limit = limit(by);
        int[] train = indices(i -> by[i] < limit);
        int[] held = indices(i -> by[i] >= limit);
        if (train.length <= law.dimension() || held.length == 0) {
            return;
        }
        FittedLaw fitted = LawFitter.fit(law, data.select(train), delta);
        double[][] heldInputs = pick(held);
        double[] heldOutput = pickOutput(held);
        all.add(new TableFit.Prediction(
                quantity + " >= " + Numbers.text(limit),
                train.length,
                errors(fitted, heldInputs, heldOutput),
                new Baselines(law, pick(train), pickOutput(train)).of(heldInputs, heldOutput),
                held,
                Arrays.stream(heldInputs).mapToDouble(fitted::predict).toArray()));
    }

    /** The value from which on rows are held out: a tenth of them at least, whole values only. */
    private double limit(double[] by) {
        double[] sorted = Arrays.stream(by).sorted().toArray();
        double share = law.inputs().size() == 1 ? HELD_OF_ONE_INPUT : HELD;
        return sorted[Math.max(0, (int) Math.floor(sorted.length * (1 - share)))] / SAME;
    }

    private int[] indices(IntPredicate test) {
        return IntStream.range(0, output.length).filter(test).toArray();
    }

    private double[][] pick(int[] indices) {
        return Arrays.stream(indices).mapToObj(i -> inputs[i]).toArray(double[][]::new);
    }

    private double[] pickOutput(int[] indices) {
        return Arrays.stream(indices).mapToDouble(i -> output[i]).toArray();
    }

    private double compute() {
        int n = law.inputs().indexOf("N");
        int d = law.inputs().indexOf("D");
        int c = law.inputs().indexOf("C");
        return Arrays.stream(inputs)
                .mapToDouble(x -> n >= 0 && d >= 0 ? 6 * x[n] * x[d] : c >= 0 ? x[c] : Double.NaN)
                .max()
                .orElse(Double.NaN);
    }

    private double[][] measured() {
        double[][] ranges = new double[law.inputs().size()][];
        for (int j = 0; j < ranges.length; j++) {
            int column = j;
            ranges[j] = new double[] {
                Arrays.stream(inputs).mapToDouble(x -> x[column]).min().orElse(Double.NaN),
                Arrays.stream(inputs).mapToDouble(x -> x[column]).max().orElse(Double.NaN)
            };
        }
        return ranges;
    }
}
