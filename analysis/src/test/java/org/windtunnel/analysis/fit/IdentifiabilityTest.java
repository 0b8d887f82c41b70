package org.windtunnel.analysis.fit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.function.DoubleBinaryOperator;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.law.Laws;
import org.windtunnel.analysis.law.LossData;
import org.windtunnel.analysis.law.PowerSum;

class IdentifiabilityTest {
    private static final Law LAW = PowerSum.chinchilla();

    private static double good(double n, double d) {
        return 1.8 + 200 * Math.pow(n, -0.45) + 500 * Math.pow(d, -0.4);
    }

    private static List<Weakness> check(Law law, List<LossPoint> points) {
        LossData data = LossPoint.data(law, points);
        FittedLaw fit = LawFitter.fit(law, data, 1e-3);
        return Identifiability.check(fit, data, 1e-3, Bootstrap.run(fit, data, new FitOptions(1e-3, 200, 1, 0.95)));
    }

    private static List<LossPoint> grid(DoubleBinaryOperator loss, double noise) {
        return LawFitterTest.grid(6, 6, loss, noise, 1);
    }

    private static String text(List<Weakness> found) {
        return found.stream()
                .map(w -> w.parameter() + ": " + w.message() + " / " + w.remedy())
                .collect(Collectors.joining("\n"));
    }

    @Test
    void goodDataRaiseNoWarning() {
        assertThat(check(LAW, grid(IdentifiabilityTest::good, 0.002))).isEmpty();
    }

    @Test
    void lossesThatDoNotDependOnTokensCannotTellBeta() {
        List<Weakness> found = check(LAW, grid((n, d) -> 1.8 + 200 * Math.pow(n, -0.45), 0.002));
        assertThat(text(found)).contains("beta: ");
        assertThat(found)
                .filteredOn(w -> "beta".equals(w.parameter()))
                .allSatisfy(w -> assertThat(w.remedy()).contains("add token budgets"));
        assertThat(found).noneMatch(w -> "alpha".equals(w.parameter()));
    }

    @Test
    void lossesWithoutAFloorCannotTellE() {
        Law law = PowerSum.powerLaw("C", true);
        List<Weakness> found = check(law, grid((n, d) -> 30 * Math.pow(6 * n * d, -0.05), 0.002));
        assertThat(text(found)).contains("E: ");
        assertThat(found)
                .filteredOn(w -> "E".equals(w.parameter()))
                .singleElement()
                .satisfies(w -> assertThat(w.message()).containsAnyOf("at 0", "without irreducible loss", "spans"));
    }

    @Test
    void twoSizesCannotTellTheirPower() {
        List<LossPoint> points = LawFitterTest.grid(2, 6, IdentifiabilityTest::good, 0.002, 1);
        assertThat(text(check(LAW, points)))
                .contains("alpha: N takes 2 values")
                .contains("A: N takes 2 values")
                .contains("add sizes");
    }

    @Test
    void anExponentIsToldWhateverItsSignUnlessThatIsOpen() {
        List<Weakness> found = check(Laws.named("lr-law"), grid((n, d) -> Math.pow(n, -0.5), 0.1));
        assertThat(found).noneMatch(w -> "eN".equals(w.parameter()));
        assertThat(found)
                .filteredOn(w -> "eD".equals(w.parameter()))
                .singleElement()
                .satisfies(w -> assertThat(w.message()).contains("leaves its sign open"));
    }

    @Test
    void fewPointsAreSaidToBeFew() {
        assertThat(text(check(LAW, LawFitterTest.grid(3, 3, IdentifiabilityTest::good, 0.002, 1))))
                .contains("9 points for 5 parameters");
    }

    @Test
    void theHoldOutPredictsTheLargestSizeBetterThanItsBaselines() {
        List<LossPoint> points = grid(IdentifiabilityTest::good, 0.002);
        List<LossPoint> train = points.stream().filter(p -> p.n() < 9e7).toList();
        List<LossPoint> held = points.stream().filter(p -> p.n() > 9e7).toList();
        FitOptions options = new FitOptions(1e-3, 100, 1, 0.95);

        HoldOut out = HoldOuts.evaluate(LAW, "largest N", train, held, options);

        assertThat(out.points()).hasSize(6);
        assertThat(out.trained()).isEqualTo(30);
        assertThat(out.errors().are()).isLessThan(0.005);
        assertThat(out.computeLaw().are()).isGreaterThan(out.errors().are());
        double last = 0;
        for (LossPoint p : held) {
            double before = train.stream()
                    .filter(q -> q.n() > 2e7 && q.d() == p.d())
                    .findFirst()
                    .orElseThrow()
                    .loss();
            last += Math.abs(before - p.loss()) / p.loss() / 6;
        }
        assertThat(out.lastLoss().are()).isEqualTo(last, within(1e-12));
        assertThat(out.sentence()).contains("6 held-out points").doesNotContain("a baseline does better");
        assertThat(HoldOuts.evaluate(LAW, "most", points.subList(0, 5), held, options))
                .isNull();
    }

    @Test
    void errorsAreWhatTheySay() {
        FitErrors e = FitErrors.of(new double[] {1.1, 1.9}, new double[] {1, 2});
        assertThat(e.are()).isEqualTo(0.075, within(1e-12));
        assertThat(e.maxAre()).isEqualTo(0.1, within(1e-12));
        assertThat(e.bias()).isEqualTo(0, within(1e-12));
        assertThat(e.rmse()).isEqualTo(0.1, within(1e-12));
        assertThat(e.r2()).isEqualTo(1 - 0.02 / 0.5, within(1e-12));
        assertThat(FitErrors.of(new double[] {1}, new double[] {1}).r2()).isNull();
    }
}
