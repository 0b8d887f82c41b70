package org.windtunnel.analysis.published;

import static org.windtunnel.analysis.published.Comparisons.number;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import org.windtunnel.analysis.fit.FitOptions;
import org.windtunnel.analysis.fit.FittedLaw;
import org.windtunnel.analysis.fit.LawFitter;
import org.windtunnel.analysis.law.BrokenPowerLaw;
import org.windtunnel.analysis.law.LossData;
import org.windtunnel.analysis.table.DataTable;

/** Four-digit addition, one break (Caballero et al., arXiv 2210.14891). */
final class BrokenPowerLawFits implements PublishedFit {

    @Override
    public String folder() {
        return "bnsl";
    }

    @Override
    public List<Comparison> check(Path folder, JsonNode expected) {
        DataTable table = DataTable.read(folder.resolve("addition4.csv"));
        DataTable train = table.filter(r -> r.text("split").equals("train"));
        DataTable held = table.filter(r -> !r.text("split").equals("train"));
        BrokenPowerLaw law = new BrokenPowerLaw(1);
        double[][] inputs =
                train.rows().stream().map(r -> new double[] {r.number("x")}).toArray(double[][]::new);
        FittedLaw fit = LawFitter.fit(law, LossData.of(law, inputs, train.numbers("y")), FitOptions.LEAST_SQUARES);
        JsonNode ours = expected.path("reproduced");
        Comparisons to = new Comparisons().of("one break");
        for (String name : List.of("a", "b", "c0", "c1", "d1", "f1")) {
            to.relative(name, number(expected, "published", name), fit.parameter(name), 1e-4);
        }
        to.minimum("sum of squares", number(ours, "sse_log1p_best"), 2 * fit.objective(), 1e-6);
        to.relative("RMSLE of points fitted", number(ours, "rmsle_train"), rmsle(fit, train), 1e-3);
        to.relative("RMSLE of points beyond", number(ours, "rmsle_extrapolate"), rmsle(fit, held), 1e-3);
        return to.list();
    }

    private static double rmsle(FittedLaw fit, DataTable table) {
        double sum = 0;
        for (DataTable.Row row : table.rows()) {
            double difference = Math.log(fit.predict(row.number("x")) / row.number("y"));
            sum += difference * difference;
        }
        return Math.sqrt(sum / table.size());
    }
}
