package org.windtunnel.analysis.isoflop;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.hipparchus.analysis.interpolation.AkimaSplineInterpolator;
import org.hipparchus.analysis.polynomials.PolynomialSplineFunction;
import org.windtunnel.analysis.fit.Vertex;

/**
 * The size of least loss at each compute budget and its growth N* = G C^a (Hoffmann et al., arXiv 2203.15556, approach
 * 2; the spline after Porian et al., arXiv 2406.19146). Works as well for tokens in place of sizes.
 */
public final class IsoFlop {
    /** The spline is searched on this many points between neighbours. */
    private static final int FINENESS = 25;

    private static final int FEWEST = 4;
    private static final int FEWEST_SPLINE = 5;

    private IsoFlop() {}

    /**
     * A measurement.
     *
     * @param compute budget, FLOP; equal for points of one curve
     * @param size N or D
     * @param loss nats per token
     */
    public record Point(double compute, double size, double loss) {}

    /**
     * The minimum at one budget.
     *
     * @param compute budget, FLOP
     * @param size of least loss
     * @param loss there
     * @param curvature half the second derivative of the loss in ln size; NaN for a spline
     * @param inside whether it lies between the points; a vertex outside of them is extrapolated
     */
    public record Minimum(double compute, double size, double loss, double curvature, boolean inside) {}

    /**
     * The points with nearly equal budgets brought to one, their geometric mean: again and again the budget that has most
     * points around it takes them.
     *
     * @param factor how far from it a budget may lie
     */
    public static List<Point> grouped(List<Point> points, double factor) {
        List<Point> left = new ArrayList<>(points.stream().sorted(Comparator.comparingDouble(Point::compute)).toList());
        List<Point> grouped = new ArrayList<>();
        while (!left.isEmpty()) {
            List<Point> most = List.of();
            for (Point centre : left) {
                List<Point> around = left.stream()
                        .filter(p -> p.compute <= factor * centre.compute && p.compute * factor >= centre.compute)
                        .toList();
                most = around.size() > most.size() ? around : most;
            }
            double budget = Math.exp(most.stream()
                    .mapToDouble(p -> Math.log(p.compute))
                    .average()
                    .orElseThrow());
            most.forEach(p -> grouped.add(new Point(budget, p.size, p.loss)));
            left.removeAll(most);
        }
        return grouped;
    }

    /**
     * Vertices of parabolas through the loss in centred ln size. Budgets with fewer than four points or a parabola that
     * opens downward are left out.
     *
     * @param lowest use this many points of least loss; 0 for all
     */
    public static List<Minimum> parabolas(List<Point> points, int lowest) {
        List<Minimum> minima = new ArrayList<>();
        curves(points).forEach((compute, curve) -> {
            List<Point> used = curve;
            if (lowest > 0 && curve.size() > lowest) {
                used = curve.stream().sorted(Comparator.comparingDouble(Point::loss)).limit(lowest).toList();
            }
            if (used.size() >= FEWEST) {
                double[] x = used.stream().mapToDouble(p -> Math.log(p.size)).toArray();
                double[] y = used.stream().mapToDouble(Point::loss).toArray();
                Vertex v = Vertex.fit(x, y, 0, x.length);
                double low = used.stream().mapToDouble(p -> Math.log(p.size)).min().orElseThrow();
                double high = used.stream().mapToDouble(p -> Math.log(p.size)).max().orElseThrow();
                if (v.c2() > 0) {
                    boolean inside = v.at() >= low && v.at() <= high;
                    minima.add(new Minimum(compute, Math.exp(v.at()), v.value(), v.c2(), inside));
                }
            }
        });
        return minima;
    }

    /** Minima of Akima splines of ln loss in ln size; those at an end of their curve are left out. */
    public static List<Minimum> splines(List<Point> points) {
        List<Minimum> minima = new ArrayList<>();
        curves(points).forEach((compute, curve) -> {
            List<Point> sorted = curve.stream().sorted(Comparator.comparingDouble(Point::size)).toList();
            if (sorted.size() >= FEWEST_SPLINE) {
                spline(compute, sorted, minima);
            }
        });
        return minima;
    }

    private static void spline(double compute, List<Point> sorted, List<Minimum> minima) {
        double[] x = sorted.stream().mapToDouble(p -> Math.log(p.size)).toArray();
        double[] y = sorted.stream().mapToDouble(p -> Math.log(p.loss)).toArray();
        PolynomialSplineFunction spline = akima(x, y);
        int samples = (x.length - 1) * FINENESS;
        int best = 0;
        double least = Double.POSITIVE_INFINITY;
        double width = x[x.length - 1] - x[0];
        for (int i = 0; i < samples; i++) {
            double at = Math.min(x[x.length - 1], x[0] + width * i / (samples - 1));
            double value = spline.value(at);
            if (value < least) {
                least = value;
                best = i;
            }
        }
        if (best > 0 && best < samples - 1) {
            double at = x[0] + width * best / (samples - 1);
            minima.add(new Minimum(compute, Math.exp(at), Math.exp(least), Double.NaN, true));
        }
    }

    /**
     * The spline with Akima's own ends: two further slopes a side continue the last two linearly. The library would end
     * with finite differences, which moves minima between the outermost points.
     */
    private static PolynomialSplineFunction akima(double[] x, double[] y) {
        int n = x.length;
        double[] wideX = new double[n + 4];
        double[] wideY = new double[n + 4];
        System.arraycopy(x, 0, wideX, 2, n);
        System.arraycopy(y, 0, wideY, 2, n);
        for (int side : new int[] {-1, 1}) {
            int end = side < 0 ? 2 : n + 1;
            double last = slope(wideX, wideY, end, end - side);
            double step = last - slope(wideX, wideY, end - side, end - 2 * side);
            for (int k = 1; k <= 2; k++) {
                int at = end + k * side;
                wideX[at] = wideX[at - side] + side;
                wideY[at] = wideY[at - side] + side * (last + k * step);
            }
        }
        return new AkimaSplineInterpolator().interpolate(wideX, wideY);
    }

    private static double slope(double[] x, double[] y, int i, int j) {
        return (y[j] - y[i]) / (x[j] - x[i]);
    }

    private static Map<Double, List<Point>> curves(List<Point> points) {
        Map<Double, List<Point>> curves = new TreeMap<>();
        points.forEach(p -> curves.computeIfAbsent(p.compute, c -> new ArrayList<>()).add(p));
        return curves;
    }
}
