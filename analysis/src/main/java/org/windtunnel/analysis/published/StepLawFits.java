package org.windtunnel.analysis.published;

import static org.windtunnel.analysis.published.Comparisons.number;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.analysis.fit.FitOptions;
import org.windtunnel.analysis.fit.FittedLaw;
import org.windtunnel.analysis.fit.LawFitter;
import org.windtunnel.analysis.fit.Vertex;
import org.windtunnel.analysis.law.LossData;
import org.windtunnel.analysis.law.PowerProduct;
import org.windtunnel.analysis.table.DataTable;

/** Optimal learning rates and batch sizes of Step Law (arXiv 2503.04715). */
final class StepLawFits implements PublishedFit {
    private static final String LOSS = "smooth_loss";

    @Override
    public String folder() {
        return "steplaw";
    }

    @Override
    public List<Comparison> check(Path folder, JsonNode expected) {
        Comparisons to = new Comparisons();
        published(to.of("published law"), folder, expected.path("published").path("repo_bootstrap_mean"));
        DataTable runs = DataTable.read(folder.resolve("dense_lr_bs_loss.csv"));
        Map<String, DataTable> cells = cells(runs);
        JsonNode ours = expected.path("reproduced");
        for (String threshold : List.of("0.0015", "0.0025", "0.004")) {
            JsonNode row = ours.path("refit_of_released_1911_dense_rows").path("threshold_" + threshold);
            refit(to.of("refit, runs within " + threshold), cells, Double.parseDouble(threshold), row);
        }
        regret(to.of("regret of the published law"), cells, ours);
        optima(to.of("parabola by cell"), cells, ours.path("lr_optimum_per_cell_quadratic"));
        return to.list();
    }

    /** Mean slopes and the exponential of the mean intercept of the released resamples. */
    private static void published(Comparisons to, Path folder, JsonNode row) {
        DataTable resamples = DataTable.read(folder.resolve("published_bootstrap_parameters_1000.csv"));
        to.relative("K of lr", number(row, "lr_c"), Math.exp(mean(resamples, "lr_intercept")), 1e-6);
        to.relative("exponent of N", number(row, "lr_N"), mean(resamples, "lr_coefN"), 1e-6);
        to.relative("exponent of D", number(row, "lr_D"), mean(resamples, "lr_coefD"), 1e-6);
        to.relative("K of batch", number(row, "bs_c"), Math.exp(mean(resamples, "bs_intercept")), 1e-6);
        to.relative("exponent of D for batch", number(row, "bs_D"), mean(resamples, "bs_coefD"), 1e-6);
    }

    private static double mean(DataTable table, String column) {
        return Arrays.stream(table.numbers(column)).average().orElseThrow();
    }

    private static Map<String, DataTable> cells(DataTable runs) {
        Map<String, DataTable> cells = new LinkedHashMap<>();
        runs.rows().forEach(r -> cells.computeIfAbsent(
                cell(r), key -> runs.filter(other -> cell(other).equals(key))));
        return cells;
    }

    private static String cell(DataTable.Row row) {
        return row.text("N") + " " + row.text("D");
    }

    private static double least(DataTable cell) {
        return Arrays.stream(cell.numbers(LOSS)).min().orElseThrow();
    }

    private static void refit(Comparisons to, Map<String, DataTable> cells, double threshold, JsonNode row) {
        List<DataTable.Row> near = new ArrayList<>();
        for (DataTable cell : cells.values()) {
            double least = least(cell);
            near.addAll(cell.filter(r -> r.number(LOSS) <= least * (1 + threshold)).rows());
        }
        to.absolute("runs", number(row, "n"), near.size(), 0);
        FittedLaw rate = product("lr", near, "lr", "N", "D");
        to.relative("K of lr", number(row, "lr", "c"), rate.parameter("K"), 1e-6);
        to.relative("exponent of N", number(row, "lr", "expN"), rate.parameter("eN"), 1e-6);
        to.relative("exponent of D", number(row, "lr", "expD"), rate.parameter("eD"), 1e-6);
        FittedLaw batch = product("batch", near, "bs_tokens", "D");
        to.relative("K of batch", number(row, "bs_tokens", "c"), batch.parameter("K"), 1e-6);
        to.relative("exponent of D for batch", number(row, "bs_tokens", "expD"), batch.parameter("eD"), 1e-6);
    }

    private static FittedLaw product(String output, List<DataTable.Row> rows, String column, String... inputs) {
        PowerProduct law = new PowerProduct(output + "-law", output, List.of(inputs));
        double[][] x = rows.stream()
                .map(r -> Arrays.stream(inputs).mapToDouble(r::number).toArray())
                .toArray(double[][]::new);
        double[] y = rows.stream().mapToDouble(r -> r.number(column)).toArray();
        return LawFitter.fit(law, LossData.of(law, x, y), FitOptions.LEAST_SQUARES);
    }

    /** How much worse than the best of its cell the run nearest to the law's choice is. */
    private static void regret(Comparisons to, Map<String, DataTable> cells, JsonNode ours) {
        double sum = 0;
        double most = 0;
        for (DataTable cell : cells.values()) {
            DataTable.Row any = cell.rows().get(0);
            double rate = 1.79 * Math.pow(any.number("N"), -0.713) * Math.pow(any.number("D"), 0.307);
            double batch = 0.58 * Math.pow(any.number("D"), 0.571) / 2048;
            DataTable.Row nearest = cell.rows().stream()
                    .min(Comparator.comparingDouble(r -> Math.pow(Math.log(r.number("lr") / rate), 2)
                            + Math.pow(Math.log(r.number("bs") / batch), 2)))
                    .orElseThrow();
            double regret = nearest.number(LOSS) / least(cell) - 1;
            sum += regret;
            most = Math.max(most, regret);
        }
        to.absolute("mean", number(ours, "regret_mean"), sum / cells.size(), 1e-9);
        to.absolute("greatest", number(ours, "regret_max"), most, 1e-9);
    }

    /** At the best batch size the best rate and up to two neighbours a side. */
    private static void optima(Comparisons to, Map<String, DataTable> cells, JsonNode rows) {
        for (JsonNode row : rows) {
            if (!row.path("lr_opt_quadratic").isNumber()) {
                continue;
            }
            DataTable cell = cells.values().stream()
                    .filter(c -> c.rows().get(0).number("N") == row.path("cell").get(0).asDouble()
                            && c.rows().get(0).number("D") == row.path("cell").get(1).asDouble())
                    .findFirst()
                    .orElseThrow();
            List<DataTable.Row> bowl = cell.filter(r -> r.number("bs") == number(row, "bs")).rows().stream()
                    .sorted(Comparator.comparingDouble(r -> r.number("lr")))
                    .toList();
            double[] x = bowl.stream().mapToDouble(r -> Math.log(r.number("lr"))).toArray();
            double[] y = bowl.stream().mapToDouble(r -> r.number(LOSS)).toArray();
            int best = 0;
            for (int i = 1; i < y.length; i++) {
                best = y[i] < y[best] ? i : best;
            }
            Vertex vertex = Vertex.fit(x, y, Math.max(0, best - 2), Math.min(y.length, best + 3));
            String at = " at N = " + row.path("cell").get(0) + ", D = " + row.path("cell").get(1);
            to.relative("best rate" + at, number(row, "lr_opt_quadratic"), Math.exp(vertex.at()), 1e-6);
            to.relative("loss" + at, number(row, "loss_at_opt"), vertex.value(), 1e-6);
        }
    }
}
