package org.windtunnel.analysis.transfer;

import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.windtunnel.analysis.fit.Vertex;
import org.windtunnel.analysis.transfer.LrOptimum.Edge;
import org.windtunnel.analysis.transfer.LrOptimum.Method;

/**
 * The optimum of one bowl: a parabola in centred ln lr through the best rate and up to two neighbours a side, refused
 * when it opens downward, its vertex leaves the bracket of the best rate, or it promises more than the data show.
 */
final class OptimumFinder {
    /** A vertex this far below the best measured loss comes from a grid too coarse for a parabola, nats. */
    private static final double PROMISE = 0.02;
    /** The second neighbours are left out where the inner parabola misses their excess by this factor and this loss. */
    private static final double MISFIT_FACTOR = 2;

    private static final double MISFIT_LOSS = 0.02;
    private static final int RESAMPLES = 1000;

    private final List<LrPoint> points;
    private final double[] x;
    private final double[] y;
    private final long seed;

    private OptimumFinder(List<LrPoint> points, long seed) {
        this.points = points;
        this.seed = seed;
        x = points.stream().mapToDouble(p -> Math.log(p.lr())).toArray();
        y = points.stream()
                .mapToDouble(p -> p.diverged() ? Double.POSITIVE_INFINITY : p.loss())
                .toArray();
    }

    /** The optimum of points by increasing rate; null when every one diverged. */
    static LrOptimum find(List<LrPoint> points, long seed) {
        OptimumFinder finder = new OptimumFinder(points, seed);
        int best = best(finder.y);
        return best < 0 ? null : finder.at(best);
    }

    private LrOptimum at(int best) {
        Edge edge = points.size() < 2
                ? Edge.NONE
                : best == 0 ? Edge.LOWEST : best == x.length - 1 ? Edge.HIGHEST : Edge.NONE;
        if (points.size() < 3) {
            return grid(best, edge, "fewer than three learning rates");
        }
        if (edge != Edge.NONE) {
            return grid(
                    best,
                    edge,
                    "the best rate is the " + (edge == Edge.LOWEST ? "lowest" : "highest")
                            + " of the grid: extend the grid " + (edge == Edge.LOWEST ? "downward" : "upward"));
        }
        int[] window = window(x, y, best);
        String refusal = refusal(x, y, best, window);
        return refusal == null ? parabola(best, window) : grid(best, edge, refusal);
    }

    /** Index of the least finite loss; of equal ones the first that is not at the grid's edge; -1 without any. */
    private static int best(double[] y) {
        int best = -1;
        for (int i = 0; i < y.length; i++) {
            if (Double.isFinite(y[i])
                    && (best < 0 || y[i] < y[best] || (y[i] == y[best] && best == 0 && i < y.length - 1))) {
                best = i;
            }
        }
        return best;
    }

    /**
     * Range of points to fit, end exclusive: finite ones next to the best, second neighbours only where they fit in.
     */
    private static int[] window(double[] x, double[] y, int best) {
        int from = best;
        int to = best + 1;
        while (from > 0 && best - from < 2 && Double.isFinite(y[from - 1])) {
            from--;
        }
        while (to < y.length && to - best < 3 && Double.isFinite(y[to])) {
            to++;
        }
        boolean inner = from < best && to > best + 1;
        if (inner) {
            Vertex three = Vertex.fit(x, y, best - 1, best + 2);
            if (from == best - 2 && misfit(three, x[from], y[from])) {
                from++;
            }
            if (to == best + 3 && misfit(three, x[to - 1], y[to - 1])) {
                to--;
            }
            if (refusal(x, y, best, new int[] {from, to}) != null) {
                return new int[] {best - 1, best + 2};
            }
        }
        return new int[] {from, to};
    }

    private static boolean misfit(Vertex inner, double x, double y) {
        double expected = inner.predict(x) - inner.value();
        double excess = y - inner.value();
        return Math.abs(excess - expected) > MISFIT_LOSS
                && (excess > MISFIT_FACTOR * expected || excess < expected / MISFIT_FACTOR);
    }

    /** Why a parabola does not hold, or null if it does. */
    private static String refusal(double[] x, double[] y, int best, int[] window) {
        if (window[1] - window[0] < 3) {
            return "fewer than three finite losses around the best rate";
        }
        Vertex v = Vertex.fit(x, y, window[0], window[1]);
        if (!(v.c2() > 0)) {
            return "the losses around the best rate do not curve upward";
        }
        double low = x[Math.max(window[0], best - 1)];
        double high = x[Math.min(window[1] - 1, best + 1)];
        if (!(v.at() >= low && v.at() <= high)) {
            return "the parabola's vertex lies outside the neighbours of the best rate";
        }
        if (v.value() < y[best] - PROMISE) {
            return "the parabola dips more than 0.02 below the best measured loss: the grid is too coarse";
        }
        return null;
    }

    private LrOptimum grid(int best, Edge edge, String note) {
        Double lo = best > 0 ? points.get(best - 1).lr() : null;
        Double hi = best < points.size() - 1 ? points.get(best + 1).lr() : null;
        return new LrOptimum(
                points.get(best).lr(),
                lo,
                hi,
                y[best],
                points.get(best).lr(),
                y[best],
                Method.GRID,
                edge,
                null,
                lo == null || hi == null ? "open: no neighbour on one side" : "neighbouring rates of the grid",
                note);
    }

    /** An interval in ln lr and where it comes from. */
    private record Interval(double lo, double hi, String origin) {}

    private LrOptimum parabola(int best, int[] window) {
        Vertex v = Vertex.fit(x, y, window[0], window[1]);
        Interval interval = interval(v, window);
        LrOptimum.Parabola parabola = new LrOptimum.Parabola(
                v.centre(),
                v.c0(),
                v.c1(),
                v.c2(),
                points.get(window[0]).lr(),
                points.get(window[1] - 1).lr());
        return new LrOptimum(
                Math.exp(v.at()),
                Math.exp(interval.lo),
                Math.exp(interval.hi),
                v.value(),
                points.get(best).lr(),
                y[best],
                Method.PARABOLA,
                Edge.NONE,
                parabola,
                interval.origin,
                null);
    }

    /** 95 % interval of the vertex, never narrower than a quarter of a grid step each side. */
    private Interval interval(Vertex v, int[] window) {
        double first = x[window[0]];
        double last = x[window[1] - 1];
        double spacing = (last - first) / (v.count() - 1);
        boolean seeds = points.subList(window[0], window[1]).stream()
                .allMatch(p -> p.seedLosses().size() > 1);
        double least = spacing / 4;
        double half = spacing / 2;
        String origin = "half a grid step: three points leave no residual";
        if (seeds) {
            half = seedHalfWidth(v.at(), points.subList(window[0], window[1]));
            origin = "seed spread, resampled";
        } else if (v.count() > 3) {
            int dof = v.count() - 3;
            half = Gaussian.t95(dof) * v.error(v.rss() / dof);
            origin = "residuals of the parabola (" + v.count() + " points)";
        }
        if (half < least) {
            half = least;
            origin = "a quarter of a grid step, wider than from " + origin;
        }
        // One or two degrees of freedom can give a width beyond all sense: then the fitted points are the bracket.
        double lo = seeds ? v.at() - half : Math.max(v.at() - half, Math.min(first, v.at() - least));
        double hi = seeds ? v.at() + half : Math.min(v.at() + half, Math.max(last, v.at() + least));
        return new Interval(lo, hi, origin);
    }

    /**
     * 95 % half-width by redoing the whole choice on bowls whose means are shaken by the seed spread. Two or three
     * seeds are too few to resample themselves, so the spread is pooled over the fitted points and its uncertainty
     * enters as Student's t over z.
     */
    private double seedHalfWidth(double vertex, List<LrPoint> fitted) {
        SeedNoise noise = SeedNoise.of(fitted);
        double sd = noise.sd();
        int dof = noise.dof();
        Random random = new Random(seed);
        double[] shaken = new double[y.length];
        double[] distance = new double[RESAMPLES];
        for (int r = 0; r < RESAMPLES; r++) {
            for (int i = 0; i < y.length; i++) {
                shaken[i] = y[i] + sd / Math.sqrt(points.get(i).seedLosses().size()) * random.nextGaussian();
            }
            distance[r] = Math.abs(choice(shaken) - vertex);
        }
        Arrays.sort(distance);
        return distance[(int) Math.ceil(0.95 * RESAMPLES) - 1] * Gaussian.t95(dof) / Gaussian.Z95;
    }

    private double choice(double[] losses) {
        int best = best(losses);
        int[] window = window(x, losses, best);
        return refusal(x, losses, best, window) == null
                ? Vertex.fit(x, losses, window[0], window[1]).at()
                : x[best];
    }
}
