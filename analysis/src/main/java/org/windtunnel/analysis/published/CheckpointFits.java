package org.windtunnel.analysis.published;

import static org.windtunnel.analysis.published.Comparisons.number;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.windtunnel.analysis.fit.FitErrors;
import org.windtunnel.analysis.fit.FittedLaw;
import org.windtunnel.analysis.fit.LawFitter;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.law.PowerSum;
import org.windtunnel.analysis.table.DataTable;

/** Checkpoints of OPT: the smaller models predict the end of a larger one (Choshen et al., arXiv 2410.11840). */
final class CheckpointFits implements PublishedFit {
    private static final double LEAST_TOKENS = 1e10;
    private static final double TAIL = 0.7;

    @Override
    public String folder() {
        return "checkpoints";
    }

    @Override
    public List<Comparison> check(Path folder, JsonNode expected) {
        DataTable table = DataTable.read(folder.resolve("opt_trajectories.csv"));
        Law law = PowerSum.chinchilla();
        Comparisons to = new Comparisons();
        expected.path("reproduced").fields().forEachRemaining(row -> {
            Set<Double> sizes = new HashSet<>();
            row.getValue().path("train_sizes").forEach(s -> sizes.add(s.asDouble()));
            double target = number(row.getValue(), "target");
            DataTable train = table.filter(r -> sizes.contains(r.number("N")) && r.number("D") >= LEAST_TOKENS);
            FittedLaw fit = LawFitter.fit(law, ChinchillaFits.data(law, train), 1e-3);
            to.of("OPT " + row.getKey());
            to.absolute("checkpoints", number(row.getValue(), "n_train"), train.size(), 0);
            to.minimum("objective", number(row.getValue(), "objective"), fit.objective(), 1e-4);
            double last = Arrays.stream(
                            table.filter(r -> r.number("N") == target).numbers("D"))
                    .max()
                    .orElseThrow();
            List<DataTable.Row> held = table.filter(r -> r.number("N") == target && r.number("D") >= TAIL * last)
                    .rows();
            FitErrors errors = FitErrors.of(
                    held.stream()
                            .mapToDouble(r -> fit.predict(r.number("N"), r.number("D")))
                            .toArray(),
                    held.stream().mapToDouble(r -> r.number("loss")).toArray());
            to.absolute("mean relative error", number(row.getValue(), "test", "are"), errors.are(), 5e-4);
        });
        return to.list();
    }
}
