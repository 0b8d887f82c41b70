package org.windtunnel.analysis.isoflop;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Minima of a surface whose compute-optimal sizes are known in closed form. */
class IsoFlopTest {
    private static final double ALPHA = 0.4;
    private static final double BETA = 0.3;
    private static final double EXPONENT = BETA / (ALPHA + BETA);

    private static double loss(double n, double compute) {
        return 1.8 + 400 * Math.pow(n, -ALPHA) + 700 * Math.pow(compute / 6 / n, -BETA);
    }

    private static double optimum(double compute) {
        double g = Math.pow(ALPHA * 400 / (BETA * 700), 1 / (ALPHA + BETA));
        return g * Math.pow(compute / 6, EXPONENT);
    }

    private static List<IsoFlop.Point> surface(double reach) {
        List<IsoFlop.Point> points = new ArrayList<>();
        for (double compute : new double[] {1e18, 1e19, 1e20, 1e21}) {
            for (int i = -4; i <= 4; i++) {
                double n = optimum(compute) * Math.exp(reach * i / 4);
                points.add(new IsoFlop.Point(compute, n, loss(n, compute)));
            }
        }
        return points;
    }

    @Test
    void narrowParabolasAndSplinesFindTheExponent() {
        List<IsoFlop.Point> points = surface(0.4);
        Growth parabolas = Growth.of(IsoFlop.parabolas(points, 0));
        assertThat(parabolas.exponent()).isEqualTo(EXPONENT, within(2e-3));
        assertThat(parabolas.size(1e20)).isEqualTo(optimum(1e20), within(0.02 * optimum(1e20)));
        Growth splines = Growth.of(IsoFlop.splines(points));
        assertThat(splines.exponent()).isEqualTo(EXPONENT, within(2e-3));
        assertThat(splines.points()).isEqualTo(4);
    }

    @Test
    void minimaAtTheEdgeAreMarkedOrLeftOut() {
        List<IsoFlop.Point> falling = IntStream.range(0, 6)
                .mapToObj(i -> {
                    double n = optimum(1e20) * Math.exp(0.3 * (i + 2));
                    return new IsoFlop.Point(1e20, n, loss(n, 1e20));
                })
                .toList();
        assertThat(IsoFlop.parabolas(falling, 0)).allMatch(m -> !m.inside());
        assertThat(IsoFlop.splines(falling)).isEmpty();
        assertThat(IsoFlop.parabolas(falling.subList(0, 3), 0)).isEmpty();
    }

    @Test
    void envelopeOfTrainingCurves() {
        List<Envelope.TrainingCurve> curves = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            double n = 1e7 * Math.exp(0.2 * i);
            double[] compute = IntStream.range(0, 200).mapToDouble(k -> 6 * n * 1e8 * Math.exp(0.05 * k)).toArray();
            double[] loss = IntStream.range(0, 200).mapToDouble(k -> loss(n, compute[k])).toArray();
            curves.add(new Envelope.TrainingCurve(n, compute, loss));
        }
        List<IsoFlop.Minimum> minima = Envelope.of(curves, 1500).stream()
                .filter(m -> m.compute() > 1e18 && m.compute() < 1e20)
                .toList();
        assertThat(minima).hasSizeGreaterThan(300);
        assertThat(Growth.of(minima).exponent()).isEqualTo(EXPONENT, within(0.01));
    }

    @Test
    void budgetsThatAreNearlyEqualAreOne() {
        List<IsoFlop.Point> points = new ArrayList<>();
        for (double compute : new double[] {1e18, 1e19, 1e20}) {
            for (int i = 0; i < 7; i++) {
                double near = compute * (1 + 0.01 * (i - 3));
                double n = optimum(near) * Math.exp(0.3 * (i - 3));
                points.add(new IsoFlop.Point(near, n, loss(n, near)));
            }
        }
        assertThat(IsoFlop.grouped(points, IsoFlopFit.SAME).stream().map(IsoFlop.Point::compute).distinct()).hasSize(3);
        List<String> lines = IsoFlopFit.parabolas(points, 100, 1, 0.95);
        assertThat(lines)
                .hasSize(7)
                .anyMatch(l -> l.contains("3 budgets") && l.contains("95 % interval of the exponent"));
        assertThatThrownBy(() -> IsoFlopFit.parabolas(points.subList(0, 7), 100, 1, 0.95))
                .hasMessageContaining("two or more compute budgets");
    }
}
