package org.windtunnel.analysis.published;

import static org.windtunnel.analysis.published.Comparisons.number;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.windtunnel.analysis.fit.FitOptions;
import org.windtunnel.analysis.fit.FittedLaw;
import org.windtunnel.analysis.fit.LawFitter;
import org.windtunnel.analysis.law.DownstreamError;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.law.LossData;
import org.windtunnel.analysis.law.OverTraining;
import org.windtunnel.analysis.table.DataTable;

/** Loss of over-trained models and their downstream error from five small runs (Gadre et al., arXiv 2403.08540). */
final class OverTrainingFits implements PublishedFit {

    @Override
    public String folder() {
        return "overtrain";
    }

    @Override
    public List<Comparison> check(Path folder, JsonNode expected) {
        DataTable table = DataTable.read(folder.resolve("models.csv"));
        Comparisons to = new Comparisons();
        for (Iterator<Map.Entry<String, JsonNode>> sets = expected.path("reproduced").fields(); sets.hasNext(); ) {
            Map.Entry<String, JsonNode> set = sets.next();
            FittedLaw loss = lossFit(table, set.getValue());
            losses(to.of(set.getKey() + ", loss"), table, set.getValue(), loss);
            for (String column : List.of("err_avg46", "err_avg17")) {
                downstream(to.of(set.getKey() + ", " + column), table, set, column, loss);
            }
        }
        return to.list();
    }

    private static DataTable named(DataTable table, List<String> names) {
        return table.filter(r -> names.contains(r.text("name")));
    }

    private static List<String> trainRuns(JsonNode set) {
        List<String> names = new ArrayList<>();
        set.path("train_runs").forEach(n -> names.add(n.asText()));
        return names;
    }

    private static void losses(Comparisons to, DataTable table, JsonNode set, FittedLaw fit) {
        to.relative("residual sum of squares", number(set, "sse"), 2 * fit.objective(), 1e-6);
        to.absolute("eta", number(set, "eta"), fit.parameter("eta"), 1e-4);
        to.relative("a", number(set, "a"), fit.parameter("a"), 2e-3);
        to.relative("b", number(set, "b"), fit.parameter("b"), 2e-3);
        to.absolute("E", number(set, "E"), fit.parameter("E"), 1e-3);
        set.path("predictions").fields().forEachRemaining(run -> {
            DataTable.Row row = named(table, List.of(run.getKey())).rows().get(0);
            double predicted = fit.predict(row.number("C"), row.number("M"));
            double actual = row.number("loss_c4_val");
            double error = Math.abs(predicted - actual) / actual;
            to.absolute("relative error, " + run.getKey(), number(run.getValue(), "rel_err"), error, 1e-5);
        });
    }

    /** The error law is fitted to the runs of the loss law and the 1.4B model at M = 20, from its predicted losses. */
    private static void downstream(
            Comparisons to, DataTable table, Map.Entry<String, JsonNode> set, String column, FittedLaw losses) {
        JsonNode row = set.getValue().path("downstream_" + column);
        List<String> names = trainRuns(set.getValue());
        names.add(set.getKey() + "-open_lm_1b-1.0");
        DataTable train = named(table, names);
        double[] loss = train.numbers("loss_c4_val");
        double[][] inputs = new double[loss.length][];
        for (int i = 0; i < loss.length; i++) {
            inputs[i] = new double[] {loss[i]};
        }
        Law law = new DownstreamError();
        FittedLaw fit = LawFitter.fit(law, LossData.of(law, inputs, train.numbers(column)), FitOptions.LEAST_SQUARES);
        to.relative("k", number(row, "k"), fit.parameter("k"), 2e-3);
        to.absolute("gamma", number(row, "gamma"), fit.parameter("gamma"), 1e-3);
        to.absolute("eps", number(row, "epsilon"), fit.parameter("eps"), 1e-3);
        row.path("rel_err").fields().forEachRemaining(run -> {
            DataTable.Row model = named(table, List.of(run.getKey())).rows().get(0);
            double predictedLoss = losses.predict(model.number("C"), model.number("M"));
            double predicted = fit.predict(predictedLoss);
            double actual = model.number(column);
            to.absolute(
                    "relative error, " + run.getKey(),
                    run.getValue().asDouble(),
                    Math.abs(predicted - actual) / actual,
                    2e-5);
        });
    }

    private static FittedLaw lossFit(DataTable table, JsonNode set) {
        Law law = new OverTraining();
        DataTable train = named(table, trainRuns(set));
        double[] c = train.numbers("C");
        double[] m = train.numbers("M");
        double[][] inputs = new double[c.length][];
        for (int i = 0; i < c.length; i++) {
            inputs[i] = new double[] {c[i], m[i]};
        }
        return LawFitter.fit(law, LossData.of(law, inputs, train.numbers("loss_c4_val")), FitOptions.LEAST_SQUARES);
    }
}
