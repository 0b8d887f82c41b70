package org.windtunnel.analysis.published;

import static org.windtunnel.analysis.published.Comparisons.number;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.windtunnel.analysis.fit.FitErrors;
import org.windtunnel.analysis.fit.FittedLaw;
import org.windtunnel.analysis.fit.LawFitter;
import org.windtunnel.analysis.law.DataConstrained;
import org.windtunnel.analysis.law.HeldLaw;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.law.LossData;
import org.windtunnel.analysis.law.TiedChinchilla;
import org.windtunnel.analysis.table.DataTable;

/** Repeated data (Muennighoff et al., arXiv 2305.16264), with the lower minimum beside the published one. */
final class DataConstrainedFits implements PublishedFit {
    private static final double HUBER = 1e-3;
    /** The fit to runs without repetition that the published one builds on. */
    private static final Map<String, Double> BASE = Map.of(
            "E",
            Math.exp(0.6254804),
            "A",
            Math.exp(6.255414),
            "B",
            Math.exp(7.3049974),
            "alpha",
            0.3526596,
            "beta",
            0.3526596);

    private static final double MOST_EPOCHS = 2.5;

    @Override
    public String folder() {
        return "data_constrained";
    }

    @Override
    public List<Comparison> check(Path folder, JsonNode expected) {
        DataTable runs = DataTable.read(folder.resolve("runs182.csv"));
        Law law = HeldLaw.of(new DataConstrained(), BASE);
        LossData data = LossData.of(law, inputs(runs, "N", "D", "U"), runs.numbers("loss"));
        JsonNode published = expected.path("published");
        JsonNode ours = expected.path("reproduced");
        Comparisons to = new Comparisons().of("decay of repetitions, 182 runs");

        double[] point = {Math.log(number(published, "rd_star")), Math.log(number(published, "rn_star"))};
        to.absolute(
                "objective at the published point",
                number(ours, "objective_at_published"),
                LawFitter.objective(law, data, HUBER, point),
                1e-8);
        to.absolute("R2 at the published point", number(published, "r2_with_decay"), r2(law, runs, point), 1e-9);
        double[] plain =
                new TiedChinchilla().coordinates(BASE.get("E"), BASE.get("A"), BASE.get("B"), BASE.get("alpha"));
        double[] undecayed = Arrays.stream(inputs(runs, "N", "D"))
                .mapToDouble(x -> FittedLaw.predict(new TiedChinchilla(), plain, x))
                .toArray();
        to.absolute(
                "R2 without decay",
                number(published, "r2_without_decay"),
                FitErrors.of(undecayed, runs.numbers("loss")).r2(),
                1e-9);
        FittedLaw local = LawFitter.fitFrom(law, data, HUBER, List.of(point));
        JsonNode near = ours.path("local_optimum_from_published");
        to.relative("objective of the local minimum", number(near, "objective"), local.objective(), 1e-6);
        to.relative("R_D* of the local minimum", number(near, "rd_star"), local.parameter("R_D*"), 1e-2);
        FittedLaw best = LawFitter.fit(law, data, HUBER);
        JsonNode global = ours.path("global_optimum");
        to.minimum("objective of the lowest minimum", number(global, "objective"), best.objective(), 1e-5);
        to.relative("R_D* of the lowest minimum", number(global, "rd_star"), best.parameter("R_D*"), 2e-2);
        to.relative("R_N* of the lowest minimum", number(global, "rn_star"), best.parameter("R_N*"), 2e-2);
        tied(to.of("tied exponents, up to 2.5 epochs"), folder, ours.path("tied_epochs_le_2p5_on_296"));
        return to.list();
    }

    private static double[][] inputs(DataTable table, String... columns) {
        return table.rows().stream()
                .map(r -> Arrays.stream(columns).mapToDouble(r::number).toArray())
                .toArray(double[][]::new);
    }

    private static double r2(Law law, DataTable runs, double[] theta) {
        double[] predicted = Arrays.stream(inputs(runs, "N", "D", "U"))
                .mapToDouble(x -> FittedLaw.predict(law, theta, x))
                .toArray();
        return FitErrors.of(predicted, runs.numbers("loss")).r2();
    }

    private static void tied(Comparisons to, Path folder, JsonNode row) {
        DataTable runs = DataTable.read(folder.resolve("runs296_all.csv"))
                .filter(r -> r.number("D") <= MOST_EPOCHS * r.number("U"));
        to.absolute("runs", number(row, "n"), runs.size(), 0);
        TiedChinchilla law = new TiedChinchilla();
        FittedLaw fit = LawFitter.fit(law, LossData.of(law, inputs(runs, "N", "D"), runs.numbers("loss")), HUBER);
        to.minimum("objective", number(row, "objective"), fit.objective(), 1e-5);
        to.absolute("alpha = beta", number(row, "alpha_eq_beta"), fit.parameter("alpha"), 5e-4);
    }
}
