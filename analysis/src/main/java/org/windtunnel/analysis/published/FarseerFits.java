package org.windtunnel.analysis.published;

import static org.windtunnel.analysis.published.Comparisons.number;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.windtunnel.analysis.fit.FitOptions;
import org.windtunnel.analysis.fit.FittedLaw;
import org.windtunnel.analysis.fit.LawFitter;
import org.windtunnel.analysis.law.Farseer;
import org.windtunnel.analysis.law.LossData;
import org.windtunnel.analysis.table.DataTable;

/** A synthetic surface of Farseer's form (arXiv 2506.10972), without noise and with 0.1 %. */
final class FarseerFits implements PublishedFit {

    @Override
    public String folder() {
        return "farseer_synthetic";
    }

    @Override
    public List<Comparison> check(Path folder, JsonNode expected) {
        DataTable table = DataTable.read(folder.resolve("grid.csv"));
        Farseer law = new Farseer();
        double[][] inputs = table.rows().stream()
                .map(r -> new double[] {r.number("N"), r.number("D")})
                .toArray(double[][]::new);
        Comparisons to = new Comparisons();
        FittedLaw exact = LawFitter.fit(
                law, LossData.of(law, inputs, table.numbers("loss_noiseless")), FitOptions.LEAST_SQUARES);
        FittedLaw noisy = LawFitter.fit(
                law, LossData.of(law, inputs, table.numbers("loss_noise0p1pct")), FitOptions.LEAST_SQUARES);
        JsonNode ours = expected.path("reproduced");
        to.of("0.1 % noise")
                .minimum("sum of squares", number(ours, "noise0p1pct", "nls_sse_log"), 2 * noisy.objective(), 1e-2);
        for (int i = 0; i < expected.path("targets").size(); i++) {
            JsonNode target = expected.path("targets").get(i);
            double n = target.get(0).asDouble();
            double d = target.get(1).asDouble();
            String at = String.format(Locale.ROOT, "loss at N = %.0e, D = %.0e", n, d);
            double truth = ours.path("noiseless").path("pred_truth").get(i).asDouble();
            to.of("noiseless").relative(at, truth, exact.predict(n, d), 1e-3);
            to.of("0.1 % noise").relative(at, truth, noisy.predict(n, d), 5e-3);
        }
        return to.list();
    }
}
