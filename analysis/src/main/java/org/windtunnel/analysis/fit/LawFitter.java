package org.windtunnel.analysis.fit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.law.LossData;
import org.windtunnel.analysis.law.Separable;

/**
 * Screened multi-start: the objective at every start of the law and at those of variable projection, Newton from the best
 * and from a spread of the rest, a polish of the leaders. Least absolute deviations are reached through a falling delta.
 */
public final class LawFitter {
    private static final int BEST = 60;
    private static final int SPREAD = 50;
    private static final int POLISHED = 8;
    private static final int REPORTED = 5;
    private static final int SHORT = 100;
    private static final int LONG = 2000;
    /** A runner-up within this factor of the best objective may win in a resample. */
    private static final double RIVAL = 1.5;

    /** The starts are followed on a surface with at least this delta: a smaller one has no curvature to follow. */
    private static final double COARSE_DELTA = 1e-4;

    private final Law law;
    private final LossData data;
    private final double delta;
    private final List<Law.Range> ranges;

    private LawFitter(Law law, LossData data, double delta) {
        this.law = law;
        this.data = data;
        this.delta = Math.max(delta, RobustObjective.LAD_DELTA);
        ranges = law.ranges(data);
    }

    private record Candidate(double[] theta, double value) {}

    /** A minimum and how many starts led there. */
    private record Found(DampedNewton.Minimum minimum, int starts) {}

    /**
     * The best fit.
     *
     * @param delta of the Huber loss, see {@link FitOptions}
     * @throws AnalysisException if there are fewer points than parameters
     */
    public static FittedLaw fit(Law law, LossData data, double delta) {
        if (data.size() < law.dimension()) {
            throw new AnalysisException("Cannot fit " + law.formula() + ": " + law.dimension()
                    + " parameters need at least as many points, found " + data.size()
                    + ". Train more sizes or budgets, or fit a law of fewer parameters.");
        }
        return new LawFitter(law, data, delta).fit();
    }

    /**
     * The best fit from given starting points alone, such as a published optimum.
     *
     * @param starts internal coordinates, at least one
     * @param iterations most steps of the minimiser from each of the leading minima
     */
    public static FittedLaw fitFrom(Law law, LossData data, double delta, List<double[]> starts, int iterations) {
        return new LawFitter(law, data, delta).fit(starts, iterations);
    }

    /** The same until it converges. */
    public static FittedLaw fitFrom(Law law, LossData data, double delta, List<double[]> starts) {
        return fitFrom(law, data, delta, starts, LONG);
    }

    /** The minimised function at some internal coordinates: summed Huber loss, of unit weight by point. */
    public static double objective(Law law, LossData data, double delta, double[] theta) {
        return new RobustObjective(law, data, null, delta).value(theta);
    }

    private FittedLaw fit() {
        return fit(screened(new RobustObjective(law, data, null, Math.max(delta, COARSE_DELTA))), LONG);
    }

    private FittedLaw fit(List<double[]> starts, int iterations) {
        DampedNewton newton = newton(null, Math.max(delta, COARSE_DELTA));
        List<Found> found = new ArrayList<>();
        for (double[] start : starts) {
            found.add(new Found(newton.minimise(start, Math.min(SHORT, iterations)), 1));
        }
        List<Found> optima = distinct(found).stream()
                .limit(POLISHED)
                .map(f -> new Found(approach(f.minimum.theta(), null, iterations), f.starts))
                .toList();
        optima = distinct(optima);
        DampedNewton.Minimum best = optima.get(0).minimum;
        return new FittedLaw(
                law,
                best.theta(),
                reported(best),
                best.gradient(),
                best.converged(),
                optima.stream()
                        .filter(f -> f.minimum.converged())
                        .limit(REPORTED)
                        .map(f -> new FittedLaw.Optimum(f.minimum.theta(), reported(f.minimum), f.starts))
                        .toList());
    }

    /** Summed absolute residual in the limit of small delta, else the objective. */
    private double reported(DampedNewton.Minimum minimum) {
        if (delta > RobustObjective.LAD_DELTA) {
            return minimum.value();
        }
        RobustObjective objective = new RobustObjective(law, data, null, delta);
        return IntStream.range(0, data.size())
                .mapToDouble(i -> Math.abs(objective.residual(minimum.theta(), i)))
                .sum();
    }

    /** Merges minima at the same place, best first. */
    private static List<Found> distinct(List<Found> found) {
        List<Found> sorted = new ArrayList<>(found);
        sorted.sort(Comparator.comparingDouble(f -> f.minimum.value()));
        List<Found> distinct = new ArrayList<>();
        for (Found f : sorted) {
            int same = IntStream.range(0, distinct.size())
                    .filter(i -> close(distinct.get(i).minimum.theta(), f.minimum.theta()))
                    .findFirst()
                    .orElse(-1);
            if (same < 0) {
                distinct.add(f);
            } else {
                Found first = distinct.get(same);
                distinct.set(same, new Found(first.minimum, first.starts + f.starts));
            }
        }
        return distinct;
    }

    private List<double[]> screened(RobustObjective objective) {
        List<double[]> starts = new ArrayList<>(law.starts(data));
        if (law instanceof Separable separable) {
            starts.addAll(VariableProjection.starts(separable, data));
        }
        List<Candidate> all = starts.stream()
                .map(theta -> new Candidate(theta, objective.value(theta)))
                .filter(c -> Double.isFinite(c.value))
                .sorted(Comparator.comparingDouble(Candidate::value))
                .toList();
        List<double[]> chosen = new ArrayList<>();
        int best = Math.min(BEST, all.size());
        for (int i = 0; i < best; i++) {
            chosen.add(all.get(i).theta);
        }
        int stride = Math.max(1, (all.size() - best) / SPREAD);
        for (int i = best; i < all.size(); i += stride) {
            chosen.add(all.get(i).theta);
        }
        return chosen;
    }

    /** Newton from one start; for a tiny delta first on larger ones, where the surface has curvature to follow. */
    private DampedNewton.Minimum approach(double[] start, double[] weights, int iterations) {
        double[] theta = start;
        for (double step = 1e-3; step > delta * 1.5; step /= 10) {
            theta = newton(weights, step).minimise(theta, iterations).theta();
        }
        return newton(weights, delta).minimise(theta, iterations);
    }

    private DampedNewton newton(double[] weights, double delta) {
        return new DampedNewton(new RobustObjective(law, data, weights, delta), ranges);
    }

    private static boolean close(double[] a, double[] b) {
        return IntStream.range(0, a.length).allMatch(i -> Math.abs(a[i] - b[i]) <= 1e-3 * (1 + Math.abs(a[i])));
    }

    /**
     * Refits with weights, as a resample needs: from the best fit and, where a resample could prefer it, from its
     * runner-up, the lower of the two.
     *
     * @param weights by point
     */
    static double[] refit(FittedLaw fitted, LossData data, double delta, double[] weights) {
        LawFitter fitter = new LawFitter(fitted.law(), data, delta);
        DampedNewton.Minimum best = fitter.approach(fitted.theta(), weights, SHORT);
        if (fitted.optima().size() > 1 && fitted.optima().get(1).objective() < RIVAL * fitted.objective()) {
            DampedNewton.Minimum other = fitter.approach(fitted.optima().get(1).theta(), weights, SHORT);
            best = other.value() < best.value() ? other : best;
        }
        return best.theta();
    }

    /** Minimum with some coordinates held at values; NaN leaves a coordinate free. The profile of the objective. */
    static double profile(FittedLaw fitted, LossData data, double delta, double[] held) {
        RobustObjective objective = new RobustObjective(fitted.law(), data, null, delta);
        List<Law.Range> ranges = boxes(fitted, data, held);
        List<double[]> starts = new ArrayList<>(List.of(fitted.theta()));
        fitted.law().starts(data).stream()
                .map(s -> clampTo(s, ranges))
                .sorted(Comparator.comparingDouble(objective::value))
                .limit(6)
                .forEach(starts::add);
        return held(fitted, data, delta, held, starts).value();
    }

    /** The lowest of the minima that some starts lead to, with some coordinates held at values; NaN leaves one free. */
    static DampedNewton.Minimum held(
            FittedLaw fitted, LossData data, double delta, double[] held, List<double[]> starts) {
        DampedNewton newton = new DampedNewton(
                new RobustObjective(fitted.law(), data, null, delta), boxes(fitted, data, held));
        return starts.stream()
                .map(s -> newton.minimise(s, SHORT))
                .min(Comparator.comparingDouble(DampedNewton.Minimum::value))
                .orElseThrow();
    }

    private static List<Law.Range> boxes(FittedLaw fitted, LossData data, double[] held) {
        List<Law.Range> ranges = new ArrayList<>(fitted.law().ranges(data));
        for (int i = 0; i < held.length; i++) {
            if (!Double.isNaN(held[i])) {
                ranges.set(i, new Law.Range(held[i], held[i], ranges.get(i).step()));
            }
        }
        return ranges;
    }

    private static double[] clampTo(double[] start, List<Law.Range> ranges) {
        double[] theta = Arrays.copyOf(start, start.length);
        for (int i = 0; i < theta.length; i++) {
            theta[i] = Math.max(ranges.get(i).lower(), Math.min(ranges.get(i).upper(), theta[i]));
        }
        return theta;
    }
}
