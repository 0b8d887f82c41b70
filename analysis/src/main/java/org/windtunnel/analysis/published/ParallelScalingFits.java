package org.windtunnel.analysis.published;

import static org.windtunnel.analysis.published.Comparisons.number;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.windtunnel.analysis.fit.FitErrors;
import org.windtunnel.analysis.fit.FittedLaw;
import org.windtunnel.analysis.fit.LawFitter;
import org.windtunnel.analysis.law.LossData;
import org.windtunnel.analysis.law.ParallelScaling;
import org.windtunnel.analysis.table.DataTable;

/** Losses of ParScale (arXiv 2505.10475) on Stack-V2-Python. */
final class ParallelScalingFits implements PublishedFit {

    @Override
    public String folder() {
        return "parscale";
    }

    @Override
    public List<Comparison> check(Path folder, JsonNode expected) {
        DataTable table = DataTable.read(folder.resolve("stack_v2_python.csv"));
        double[][] inputs = table.rows().stream()
                .map(r -> new double[] {r.number("N_nonembed"), r.number("P")})
                .toArray(double[][]::new);
        double[] losses = table.numbers("loss");
        ParallelScaling law = new ParallelScaling();
        FittedLaw fit = LawFitter.fit(law, LossData.of(law, inputs, losses), 1e-3);
        JsonNode row = expected.path("reproduced");
        Comparisons to = new Comparisons().of("Huber 1e-3");
        to.minimum("objective", number(row, "objective"), fit.objective(), 1e-6);
        to.absolute("E", number(row, "E"), fit.parameter("E"), 1e-4);
        to.absolute("alpha", number(row, "alpha"), fit.parameter("alpha"), 1e-4);
        to.absolute("k", number(row, "k"), fit.parameter("k"), 1e-3);
        to.relative("A", number(row, "A"), fit.parameter("A"), 1e-2);
        double[] predicted = Arrays.stream(inputs).mapToDouble(fit::predict).toArray();
        to.absolute("R2", number(row, "r2"), FitErrors.of(predicted, losses).r2(), 1e-5);
        return to.list();
    }
}
