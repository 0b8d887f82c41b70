package org.windtunnel.analysis.published;

import static org.windtunnel.analysis.published.Comparisons.number;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.annealing.AnnealingFit;
import org.windtunnel.analysis.annealing.CurveLaw;
import org.windtunnel.analysis.annealing.MultiPowerFit;
import org.windtunnel.analysis.annealing.ScheduledCurve;
import org.windtunnel.analysis.fit.FitErrors;
import org.windtunnel.analysis.fit.FittedLaw;
import org.windtunnel.analysis.law.LearningRateTrace;
import org.windtunnel.analysis.table.DataTable;

/** Two models under nine schedules (Luo et al., arXiv 2503.12811): some curves fitted, the others predicted. */
final class AnnealingFits implements PublishedFit {
    private static final double HUBER = 1e-3;
    private static final int WARMUP = 2160;
    private static final double PEAK = 3e-4;
    private static final double END = 3e-5;
    /** The valley of the multi-power law is long and flat: this many steps show that there is no way down nearby. */
    private static final int POLISH = 10;

    @Override
    public String folder() {
        return "annealing";
    }

    @Override
    public List<Comparison> check(Path folder, JsonNode expected) {
        Comparisons to = new Comparisons();
        for (String size : List.of("25M", "100M")) {
            Map<String, ScheduledCurve> curves = curves(DataTable.read(folder.resolve("curves_" + size + ".csv")));
            spots(to.of(size + ", areas"), curves, expected.path("spot_checks").path(size));
            Iterator<Map.Entry<String, JsonNode>> fits =
                    expected.path("reproduced").path(size).fields();
            while (fits.hasNext()) {
                Map.Entry<String, JsonNode> fit = fits.next();
                to.of(size + ", " + fit.getKey());
                if (fit.getKey().startsWith("mpl_")) {
                    multiPower(to, curves, fit.getKey(), fit.getValue(), expected.path("schedules"));
                } else {
                    annealing(to, curves, fit.getKey().endsWith("lamfit"), fit.getValue());
                }
            }
        }
        return to.list();
    }

    private static Map<String, ScheduledCurve> curves(DataTable table) {
        Map<String, List<DataTable.Row>> rows = new LinkedHashMap<>();
        table.rows().forEach(r -> rows.computeIfAbsent(r.text("schedule"), s -> new ArrayList<>()).add(r));
        Map<String, ScheduledCurve> curves = new LinkedHashMap<>();
        rows.forEach((name, points) -> curves.put(
                name,
                new ScheduledCurve(
                        name,
                        new LearningRateTrace(rates(name), WARMUP),
                        points.stream().mapToInt(r -> (int) r.number("step")).toArray(),
                        points.stream().mapToDouble(r -> r.number("loss")).toArray())));
        return curves;
    }

    /** The schedules by their definitions: the tables hold every 128th step only. */
    private static double[] rates(String name) {
        String[] parts = name.split("_");
        int steps = parts[0].equals("wsdcon") ? 16000 : Integer.parseInt(parts[parts.length - 1]);
        double[] rates = new double[steps];
        for (int k = 0; k < steps; k++) {
            rates[k] = k < WARMUP ? PEAK * k / (WARMUP - 1) : stable(parts, k, steps);
        }
        return rates;
    }

    private static double stable(String[] parts, int k, int steps) {
        double u = (k - 20000) / 4000.0;
        return switch (parts[0]) {
            case "constant" -> PEAK;
            case "cosine" -> END + 0.5 * (PEAK - END) * (1 + Math.cos(Math.PI * (k - WARMUP) / (steps - WARMUP)));
            case "wsdcon" -> k < 8000 ? PEAK : Integer.parseInt(parts[1]) * 1e-5;
            case "wsd" -> k < 20000 ? PEAK : Math.pow(PEAK, 1 - u) * Math.pow(END, u);
            case "wsdld" -> k < 20000 ? PEAK : PEAK * (1 - u) + END * u;
            default -> throw new AnalysisException("unknown schedule " + String.join("_", parts));
        };
    }

    private static void spots(Comparisons to, Map<String, ScheduledCurve> curves, JsonNode rows) {
        for (JsonNode row : rows) {
            LearningRateTrace trace = curves.get(row.path("schedule").asText()).trace();
            int step = row.path("step").asInt();
            String at = " of " + row.path("schedule").asText() + " at " + step;
            to.relative("S1" + at, number(row, "S1"), trace.area(step), 1e-8);
            to.absolute("S2" + at, number(row, "S2_lambda0p999"), trace.annealing(0.999)[step], 1e-9);
        }
    }

    private static List<ScheduledCurve> pick(Map<String, ScheduledCurve> curves, JsonNode names) {
        List<ScheduledCurve> picked = new ArrayList<>();
        names.forEach(n -> picked.add(curves.get(n.asText())));
        return picked;
    }

    private static void annealing(Comparisons to, Map<String, ScheduledCurve> curves, boolean search, JsonNode row) {
        List<ScheduledCurve> train = pick(curves, row.path("train"));
        AnnealingFit fit = search
                ? AnnealingFit.search(train, HUBER)
                : AnnealingFit.of(train, number(row, "lam"), HUBER);
        FittedLaw law = fit.fitted();
        to.minimum("objective", number(row, "objective"), law.objective(), 1e-5);
        if (search) {
            to.absolute("lambda", number(row, "lam"), fit.lambda(), 1e-5);
        }
        to.absolute("L0", number(row, "L0"), law.parameter("L0"), 1e-3);
        to.relative("A", number(row, "A"), law.parameter("A"), 5e-3);
        to.absolute("alpha", number(row, "alpha"), law.parameter("alpha"), 2e-3);
        to.relative("C", number(row, "C"), law.parameter("C"), 1e-2);
        List<ScheduledCurve> unseen =
                curves.values().stream().filter(c -> !train.contains(c)).toList();
        errors(to, fit, unseen, row.path("heldout_avg"), 5e-5);
    }

    private static void errors(
            Comparisons to, CurveLaw law, List<ScheduledCurve> curves, JsonNode row, double tolerance) {
        FitErrors errors = law.meanErrors(curves);
        to.absolute("MAE, schedules not fitted", number(row, "mae"), errors.mae(), tolerance);
        to.absolute("RMSE", number(row, "rmse"), errors.rmse(), tolerance);
        to.absolute("R2", number(row, "r2"), errors.r2(), 1e-4);
        to.absolute("PredE", number(row, "are"), errors.are(), tolerance);
        to.absolute("WorstE", number(row, "max_are"), errors.maxAre(), 4 * tolerance);
    }

    private static void multiPower(
            Comparisons to, Map<String, ScheduledCurve> curves, String name, JsonNode row, JsonNode schedules) {
        List<ScheduledCurve> train = pick(curves, schedules.path("train"));
        List<ScheduledCurve> test = pick(curves, schedules.path("test"));
        double[] p = new double[row.path("params").size()];
        for (int i = 0; i < p.length; i++) {
            p[i] = row.path("params").get(i).asDouble();
        }
        MultiPowerFit given = MultiPowerFit.of(p);
        double objective = number(row, "objective_train");
        to.relative("objective at the given point", objective, given.objective(train, HUBER), 1e-5);
        errors(to, given, test, row.path("test_avg"), 1e-6);
        if (name.equals("mpl_converged")) {
            to.minimum(
                    "objective minimised from there",
                    objective,
                    given.polish(train, HUBER, POLISH).objective(),
                    1e-3);
        }
    }
}
