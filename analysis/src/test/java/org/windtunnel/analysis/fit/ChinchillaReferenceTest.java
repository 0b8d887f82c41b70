package org.windtunnel.analysis.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.windtunnel.analysis.Reference;
import org.windtunnel.analysis.curve.PointTable;
import org.windtunnel.analysis.law.LossData;
import org.windtunnel.analysis.law.PowerSum;
import org.windtunnel.analysis.plan.Allocation;
import org.windtunnel.analysis.plan.Planner;

/** The digitised points of Hoffmann et al. (arXiv 2203.15556) against the published refits (arXiv 2404.10102). */
class ChinchillaReferenceTest {
    private LossData all;
    private List<PointTable.Point> keptPoints;
    private LossData kept;
    private JsonNode expected;

    @BeforeEach
    void read() throws IOException {
        Path csv = Reference.law("chinchilla/points.csv");
        List<PointTable.Point> points = PointTable.readCsv(csv, Map.of()).points();
        all = data(points);
        keptPoints = points.stream()
                .filter(p -> points.stream().filter(q -> q.loss() > p.loss()).count() >= 5)
                .toList();
        kept = data(keptPoints);
        expected = new ObjectMapper()
                .readTree(Files.readString(Reference.law("chinchilla/expected.json")))
                .path("reproduced");
    }

    private static LossData data(List<PointTable.Point> points) {
        return LossData.of(
                PowerSum.chinchilla(),
                points.stream().map(p -> new double[] {p.n(), p.d()}).toArray(double[][]::new),
                points.stream().mapToDouble(PointTable.Point::loss).toArray());
    }

    private void check(FittedLaw fit, JsonNode row, double digits) {
        assertThat(fit.converged()).isTrue();
        for (String name : List.of("E", "alpha", "beta")) {
            assertThat(fit.parameter(name)).as(name).isEqualTo(row.path(name).asDouble(), within(digits));
        }
        for (String name : List.of("A", "B")) {
            assertThat(fit.parameter(name))
                    .as(name)
                    .isCloseTo(row.path(name).asDouble(), Percentage.withPercentage(1000 * digits));
        }
    }

    @Test
    void huberOptimum() {
        assertThat(kept.size()).isEqualTo(240);
        FittedLaw fit = LawFitter.fit(PowerSum.chinchilla(), kept, 1e-3);
        check(fit, expected.path("huber_240"), 1e-6);
        assertThat(fit.objective()).isEqualTo(1.018274017800598e-3, within(1e-12));
        assertThat(fit.gradient()).isLessThan(1e-10);
        check(LawFitter.fit(PowerSum.chinchilla(), all, 1e-3), expected.path("huber_245"), 1e-6);
    }

    @Test
    void leastAbsoluteDeviations() {
        FittedLaw fit = LawFitter.fit(PowerSum.chinchilla(), kept, FitOptions.LEAST_ABSOLUTE);
        check(fit, expected.path("lad_240"), 1e-5);
        assertThat(fit.objective()).isCloseTo(1.129494658500021, Percentage.withPercentage(1e-5));
    }

    @Test
    void bootstrapOfTheSameResamples() throws IOException {
        List<String> rows = Files.readAllLines(Reference.law("chinchilla/bootstrap_indices_first1000.csv"));
        double[][] weights = new double[rows.size()][keptPoints.size()];
        for (int r = 0; r < rows.size(); r++) {
            for (String cell : rows.get(r).split(",")) {
                int line = Integer.parseInt(cell.strip()) + 2;
                for (int i = 0; i < keptPoints.size(); i++) {
                    if (keptPoints.get(i).line() == line) {
                        weights[r][i]++;
                    }
                }
            }
        }
        FittedLaw fit = LawFitter.fit(PowerSum.chinchilla(), kept, 1e-3);
        Bootstrap bootstrap = Bootstrap.run(fit, kept, FitOptions.defaults(), weights);
        JsonNode row = expected.path("bootstrap_first_1000_converged");
        for (var p : fit.law().parameters()) {
            Bootstrap.Interval interval = bootstrap.interval(p::natural);
            JsonNode ci = row.path("ci95").path(p.name());
            double se = row.path("standard_error").path(p.name()).asDouble();
            assertThat(interval.se()).as(p.name()).isCloseTo(se, Percentage.withPercentage(2));
            assertThat(interval.lo()).as(p.name()).isCloseTo(ci.get(0).asDouble(), Percentage.withPercentage(1));
            assertThat(interval.hi()).as(p.name()).isCloseTo(ci.get(1).asDouble(), Percentage.withPercentage(1));
        }
    }

    @Test
    void leastSquaresInLogLossAndComputeOptimalSizes() {
        List<PointTable.Point> small =
                keptPoints.stream().filter(p -> 6 * p.n() * p.d() < 1e21).toList();
        assertThat(small).hasSize(217);
        check(
                LawFitter.fit(PowerSum.chinchilla(), data(small), FitOptions.LEAST_SQUARES),
                expected.path("logmse_217_C_lt_1e21"),
                1e-6);

        FittedLaw fit = LawFitter.fit(PowerSum.chinchilla(), kept, 1e-3);
        Planner planner = new Planner(fit, Bootstrap.run(fit, kept, new FitOptions(1e-3, 0, 1, 0.95)));
        for (JsonNode row : expected.path("compute_optimal_from_huber_240")) {
            double c = row.path("C").asDouble();
            Allocation plan = planner.allocate(new double[] {c}, c).get(0);
            assertThat(plan.n()).isCloseTo(row.path("N_opt").asDouble(), Percentage.withPercentage(1e-4));
            assertThat(plan.d()).isCloseTo(row.path("D_opt").asDouble(), Percentage.withPercentage(1e-4));
            assertThat(plan.loss()).isEqualTo(row.path("L_opt").asDouble(), within(1e-6));
        }
        assertThat(planner.exponent().value()).isEqualTo(0.51389951590869, within(1e-6));
    }

    @Test
    void gemstonesSubsetAtTwoDeltas() {
        LossData data = data(PointTable.readCsv(Reference.law("gemstones/hot_sampled_like_chinchilla.csv"), Map.of())
                .points());
        assertThat(data.size()).isEqualTo(24);
        FittedLaw wide = LawFitter.fit(PowerSum.chinchilla(), data, 1e-3);
        assertThat(wide.objective()).isLessThanOrEqualTo(2.1737880889527585e-4 * (1 + 1e-6));
        assertThat(wide.parameter("alpha")).isEqualTo(0.2762425580302218, within(1e-3));
        FittedLaw narrow = LawFitter.fit(PowerSum.chinchilla(), data, 1e-4);
        assertThat(narrow.objective()).isLessThanOrEqualTo(2.2571921542423058e-5 * (1 + 1e-6));
        assertThat(narrow.parameter("beta")).isEqualTo(0.4487108484917132, within(1e-3));
    }
}
