package org.windtunnel.analysis.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.law.Laws;
import org.windtunnel.analysis.law.OverTraining;
import org.windtunnel.analysis.law.PowerSum;
import org.windtunnel.analysis.plan.Allocation;
import org.windtunnel.analysis.plan.BudgetLines;
import org.windtunnel.analysis.plan.FamilyComparison;
import org.windtunnel.analysis.plan.Frontier;
import org.windtunnel.analysis.table.DataTable;

/** From a table to a fit, its file, a plan, and a comparison of families. */
class TableFitterTest {
    @TempDir
    Path dir;

    private static final FitOptions OPTIONS = new FitOptions(1e-3, 60, 1, 0.95);

    private static double loss(double n, double d, double coefficient) {
        return 1.8 + coefficient * Math.pow(n, -0.4) + 700 * Math.pow(d, -0.35);
    }

    /** Seven sizes by six budgets, three noisy seeds of each. */
    private DataTable table(String name, double coefficient, double noise) throws IOException {
        Random random = new Random(name.hashCode());
        StringBuilder csv = new StringBuilder("run,params,tokens,final\n");
        for (int i = 0; i < 7; i++) {
            for (int j = 0; j < 6; j++) {
                double n = 1e6 * Math.pow(3, i);
                double d = 1e8 * Math.pow(3, j);
                for (int seed = 0; seed < 3; seed++) {
                    double value = loss(n, d, coefficient) * Math.exp(noise * random.nextGaussian());
                    csv.append(i + "-" + j + ',' + n + ',' + d + ',' + value + '\n');
                }
            }
        }
        return DataTable.read(Files.writeString(dir.resolve(name), csv));
    }

    private static TableFitter.Settings settings(String cluster) {
        return new TableFitter.Settings(
                Map.of("N", "params", "D", "tokens", "loss", "final"), OPTIONS, null, Map.of(), cluster);
    }

    private TableFit fit(String name, double coefficient, double noise) throws IOException {
        return TableFitter.fit(PowerSum.chinchilla(), table(name, coefficient, noise), name, settings("run"));
    }

    @Test
    void fitsHoldsOutAndBeatsItsBaselines() throws IOException {
        TableFit fit = fit("a.csv", 400, 2e-3);
        assertThat(fit.points()).isEqualTo(126);
        assertThat(fit.clusters()).isEqualTo(42);
        assertThat(fit.parameters().get(3).value()).isEqualTo(0.4, within(0.05));
        assertThat(fit.exponent().value()).isEqualTo(0.35 / 0.75, within(0.05));
        assertThat(fit.exponent().sandwichSe()).isBetween(fit.exponent().se() / 4, fit.exponent().se() * 4);
        assertThat(fit.holdOuts().get(0).trained()).isEqualTo(108);
        assertThat(fit.holdOuts().get(0).errors().points()).isEqualTo(18);
        assertThat(fit.holdOuts().get(0).baselines()).hasSize(3).allSatisfy(b -> assertThat(b.errors().are())
                .isGreaterThan(fit.holdOuts().get(0).errors().are()));
        assertThat(FitLines.of(fit))
                .anyMatch(l -> l.contains("alpha"))
                .anyMatch(l -> l.contains("fitted without N >="));
    }

    @Test
    void resamplingRowsOfOneRunOnTheirOwnIsTooSure() throws IOException {
        DataTable table = table("c.csv", 400, 0);
        DataTable doubled = DataTable.of(table.file(), table.columns(), table.rows().stream()
                .map(r -> {
                    // The same error for all rows of a run.
                    double shift = 5e-3 * new Random(r.text("run").hashCode()).nextGaussian();
                    var cells = new LinkedHashMap<>(r.cells());
                    cells.put("final", Double.toString(r.number("final") * Math.exp(shift)));
                    return new DataTable.Row(r.place(), cells);
                })
                .toList());
        TableFit rows = TableFitter.fit(PowerSum.chinchilla(), doubled, "rows", settings(null));
        TableFit runs = TableFitter.fit(PowerSum.chinchilla(), doubled, "runs", settings("run"));
        assertThat(rows.parameters().get(4).se()).isLessThan(0.8 * runs.parameters().get(4).se());
    }

    @Test
    void aStoredFitPlansAsTheOneInMemory() throws IOException {
        TableFit fit = fit("a.csv", 400, 1e-3);
        Path file = dir.resolve("out/fit.json");
        FitFile.write(fit, file);
        Frontier frontier = new Frontier(FitFile.read(file));
        double g = Math.pow(0.4 * 400 / (0.35 * 700), 1 / 0.75);
        double size = g * Math.pow(1e22 / 6, 0.35 / 0.75);
        Allocation plan = frontier.ofCompute(1e22);
        assertThat(plan.n()).isEqualTo(size, within(0.3 * size)).isBetween(plan.nLo(), plan.nHi());
        assertThat(plan.n() * plan.d() * 6).isEqualTo(1e22, within(1e16));
        Allocation back = frontier.ofTokens(plan.d());
        assertThat(back.compute()).isEqualTo(1e22, within(1e18));
        Allocation reached = frontier.ofLoss(plan.loss());
        assertThat(reached.compute()).isEqualTo(1e22, within(1e18));
        assertThat(BudgetLines.of(fit, plan)).anyMatch(l -> l.contains("times the largest compute"));
        assertThatThrownBy(() -> frontier.ofLoss(0.5)).isInstanceOf(AnalysisException.class);
    }

    @Test
    void anotherFileOrAnotherLawIsRefused() throws IOException {
        Path other = Files.writeString(dir.resolve("x.json"), "{\"a\": 1}");
        assertThatThrownBy(() -> FitFile.read(other)).hasMessageContaining("windtunnel fit --out");
        assertThatThrownBy(() -> FitFile.read(dir.resolve("none.json"))).hasMessageContaining("Check the path");
        Path newer = Files.writeString(dir.resolve("n.json"), "{\"format\": 99, \"theta\": []}");
        assertThatThrownBy(() -> FitFile.read(newer)).hasMessageContaining("expected a fit of format 2");
        TableFit power = TableFitter.fit(Laws.named("power-N"), table("p.csv", 400, 0), "p", settings(null));
        assertThatThrownBy(() -> new Frontier(power)).hasMessageContaining("over-training");
        assertThatThrownBy(() -> BudgetLines.of(power, 1e9, 1e10)).hasMessageContaining("Fit lr-law");
        assertThatThrownBy(() -> TableFitter.fit(
                        Laws.named("power-N"),
                        table("p.csv", 400, 0),
                        "p",
                        new TableFitter.Settings(Map.of("Q", "params"), OPTIONS, null, Map.of(), null)))
                .hasMessageContaining("expected a column N");
    }

    @Test
    void inputsFollowFromOthers() throws IOException {
        TableFit fit = TableFitter.fit(new OverTraining(), table("o.csv", 700, 0), "o", settings(null));
        assertThat(fit.notes()).containsExactly("C = 6 N D", "M = D / N");
        assertThat(new Frontier(fit).ofCompute(1e20).n()).isPositive();
    }

    @Test
    void familiesThatCrossAreToldApartOnBothSides() throws IOException {
        // The second pays less for small models and has a higher floor.
        StringBuilder csv = new StringBuilder("params,tokens,final\n");
        for (int i = 0; i < 7; i++) {
            for (int j = 0; j < 6; j++) {
                double n = 1e6 * Math.pow(3, i);
                double d = 1e8 * Math.pow(3, j);
                csv.append(n + "," + d + ',' + (1.95 + 250 * Math.pow(n, -0.4) + 500 * Math.pow(d, -0.35)) + '\n');
            }
        }
        DataTable second = DataTable.read(Files.writeString(dir.resolve("b.csv"), csv));
        TableFit a = TableFitter.fit(PowerSum.chinchilla(), table("a.csv", 400, 5e-4), "a", settings("run"));
        TableFit b = TableFitter.fit(PowerSum.chinchilla(), second, "b", settings(null));
        FamilyComparison comparison = FamilyComparison.of(new Frontier(a), new Frontier(b));
        List<FamilyComparison.Row> rows = comparison.rows();
        assertThat(rows.get(0).firstBetter()).isLessThan(0.025);
        assertThat(rows.get(rows.size() - 1).firstBetter()).isGreaterThan(0.975);
        assertThat(comparison.crossing()).isBetween(rows.get(0).compute(), rows.get(rows.size() - 1).compute());
        assertThat(comparison.crossing()).isBetween(comparison.lo(), comparison.hi());
        assertThat(comparison.crossingShare()).isGreaterThan(0.95);
        assertThat(BudgetLines.of("a", "b", comparison)).anyMatch(l -> l.contains("cross at"));
    }
}
