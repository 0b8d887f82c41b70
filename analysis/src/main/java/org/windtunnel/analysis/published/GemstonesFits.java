package org.windtunnel.analysis.published;

import static org.windtunnel.analysis.published.Comparisons.number;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import org.windtunnel.analysis.fit.FittedLaw;
import org.windtunnel.analysis.fit.LawFitter;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.law.LossData;
import org.windtunnel.analysis.law.PowerSum;
import org.windtunnel.analysis.table.DataTable;

/** The Chinchilla-like subset of Gemstones (arXiv 2502.06857) at two widths of Huber's quadratic zone. */
final class GemstonesFits implements PublishedFit {

    @Override
    public String folder() {
        return "gemstones";
    }

    @Override
    public List<Comparison> check(Path folder, JsonNode expected) {
        Law law = PowerSum.chinchilla();
        LossData data = ChinchillaFits.data(law, DataTable.read(folder.resolve("hot_sampled_like_chinchilla.csv")));
        Comparisons to = new Comparisons();
        for (double delta : new double[] {1e-3, 1e-4}) {
            JsonNode row = expected.path("fits").path(delta == 1e-3 ? "delta_0.001" : "delta_0.0001");
            JsonNode ours = row.path("reproduced");
            to.of("Huber " + delta);
            JsonNode p = row.path("published");
            double[] theta = {number(p, "a"), number(p, "b"), number(p, "e"), number(p, "alpha"), number(p, "beta")};
            to.relative(
                    "objective at the published point",
                    number(row, "objective_at_published"),
                    LawFitter.objective(law, data, delta, theta),
                    1e-6);
            FittedLaw fit = LawFitter.fit(law, data, delta);
            to.minimum("objective", number(ours, "objective"), fit.objective(), 1e-6);
            to.absolute("alpha", number(ours, "alpha"), fit.parameter("alpha"), 1e-3);
            to.absolute("beta", number(ours, "beta"), fit.parameter("beta"), 1e-3);
        }
        return to.list();
    }
}
