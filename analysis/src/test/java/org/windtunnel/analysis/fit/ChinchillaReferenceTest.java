package org.windtunnel.analysis.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.windtunnel.analysis.Reference;
import org.windtunnel.analysis.curve.PointTable;
import org.windtunnel.analysis.law.LossData;
import org.windtunnel.analysis.law.PowerSum;

/** The digitised points of Hoffmann et al. (arXiv 2203.15556) against the published refits (arXiv 2404.10102). */
class ChinchillaReferenceTest {
    private LossData all;
    private LossData kept;
    private JsonNode expected;

    @BeforeEach
    void read() throws IOException {
        Path csv = Reference.law("chinchilla/points.csv");
        List<PointTable.Point> points = PointTable.readCsv(csv, Map.of()).points();
        all = data(points);
        kept = data(points.stream()
                .filter(p -> points.stream().filter(q -> q.loss() > p.loss()).count() >= 5)
                .toList());
        expected = new ObjectMapper().readTree(Files.readString(Reference.law("chinchilla/expected.json"))).path("reproduced");
    }

    private static LossData data(List<PointTable.Point> points) {
        return LossData.of(
                List.of("N", "D"),
                points.stream().map(p -> new double[] {p.n(), p.d()}).toArray(double[][]::new),
                points.stream().mapToDouble(PointTable.Point::loss).toArray());
    }

    private void check(FittedLaw fit, JsonNode row, double digits) {
        assertThat(fit.converged()).isTrue();
        for (String name : List.of("E", "alpha", "beta")) {
            assertThat(fit.parameter(name)).as(name).isEqualTo(row.path(name).asDouble(), within(digits));
        }
        for (String name : List.of("A", "B")) {
            assertThat(fit.parameter(name)).as(name).isCloseTo(row.path(name).asDouble(), Percentage.withPercentage(1000 * digits));
        }
    }

    @Test
    void huberOptimum() {
        assertThat(kept.size()).isEqualTo(240);
        long t0 = System.nanoTime();
        FittedLaw fit = LawFitter.fit(PowerSum.chinchilla(), kept, 1e-3);
        System.out.println("huber " + (System.nanoTime() - t0) / 1e6 + " ms " + fit.optima().stream().map(o -> o.objective() + "x" + o.starts()).toList());
        for (int i = 0; i < 5; i++) {
            t0 = System.nanoTime();
            LawFitter.fit(PowerSum.chinchilla(), kept, 1e-3);
            System.out.println("huber again " + (System.nanoTime() - t0) / 1e6);
        }
        check(fit, expected.path("huber_240"), 1e-6);
        assertThat(fit.objective()).isEqualTo(1.018274017800598e-3, within(1e-12));
        assertThat(fit.gradient()).isLessThan(1e-10);
        check(LawFitter.fit(PowerSum.chinchilla(), all, 1e-3), expected.path("huber_245"), 1e-6);
    }

    @Test
    void leastAbsoluteDeviations() {
        long t0 = System.nanoTime();
        FittedLaw fit = LawFitter.fit(PowerSum.chinchilla(), kept, FitOptions.LEAST_ABSOLUTE);
        System.out.println("lad " + (System.nanoTime() - t0) / 1e6 + " ms " + fit.optima().stream().map(o -> o.objective() + "x" + o.starts()).toList());
        check(fit, expected.path("lad_240"), 1e-5);
        assertThat(fit.objective()).isCloseTo(1.129494658500021, Percentage.withPercentage(1e-5));
    }

    @Test
    void bootstrapOfTheSameResamples() throws IOException {
        List<String> rows = Files.readAllLines(Reference.law("chinchilla/bootstrap_indices_first1000.csv"));
        List<PointTable.Point> points = PointTable.readCsv(Reference.law("chinchilla/points.csv"), Map.of()).points();
        List<PointTable.Point> ordered = points.stream()
                .filter(p -> points.stream().filter(q -> q.loss() > p.loss()).count() >= 5)
                .sorted(Comparator.comparingInt(PointTable.Point::line))
                .toList();
        double[][] weights = new double[rows.size()][ordered.size()];
        for (int r = 0; r < rows.size(); r++) {
            for (String cell : rows.get(r).split(",")) {
                int line = Integer.parseInt(cell.strip()) + 2;
                for (int i = 0; i < ordered.size(); i++) {
                    if (ordered.get(i).line() == line) {
                        weights[r][i]++;
                    }
                }
            }
        }
        FittedLaw fit = LawFitter.fit(PowerSum.chinchilla(), kept, 1e-3);
        long t0 = System.nanoTime();
        Bootstrap bootstrap = Bootstrap.run(fit, kept, FitOptions.defaults(), weights);
        System.out.println("bootstrap " + (System.nanoTime() - t0) / 1e6 + " ms");
        JsonNode row = expected.path("bootstrap_first_1000_converged");
        for (var p : fit.law().parameters()) {
            Bootstrap.Interval interval = bootstrap.interval(p::natural);
            System.out.println(p.name() + " " + interval);
            JsonNode ci = row.path("ci95").path(p.name());
            double se = row.path("standard_error").path(p.name()).asDouble();
            assertThat(interval.se()).as(p.name()).isCloseTo(se, Percentage.withPercentage(2));
            assertThat(interval.lo()).as(p.name()).isCloseTo(ci.get(0).asDouble(), Percentage.withPercentage(1));
            assertThat(interval.hi()).as(p.name()).isCloseTo(ci.get(1).asDouble(), Percentage.withPercentage(1));
        }
    }
}
