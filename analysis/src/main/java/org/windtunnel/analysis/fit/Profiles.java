package org.windtunnel.analysis.fit;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.law.LossData;

/** Profiles of a fit's objective: minimised over all other parameters at values of one. */
public final class Profiles {
    /** Rise of 2 n ln F up to which a profile is followed: three times what tells a value at 95 %. */
    private static final double RISE = 12;

    private static final int STEPS = 14;
    private static final double GROWTH = 1.3;
    /** Share of the bootstrap interval that the first step takes. */
    private static final double FIRST = 0.08;

    private Profiles() {}

    /**
     * A profile of each parameter, outward from the fit by growing steps until the objective has risen or the bound is
     * reached.
     *
     * @param parameters in the formula's order, those to be profiled
     */
    public static List<TableFit.Profile> of(
            FittedLaw fitted, LossData data, double delta, Bootstrap bootstrap, List<Law.Parameter> parameters) {
        return parameters.stream().map(p -> of(fitted, data, delta, bootstrap, p)).toList();
    }

    private static TableFit.Profile of(
            FittedLaw fitted, LossData data, double delta, Bootstrap bootstrap, Law.Parameter p) {
        int k = p.coordinate();
        Bootstrap.Interval interval = bootstrap.interval(t -> t[k]);
        double at = fitted.theta()[k];
        double width =
                interval.hi() > interval.lo() ? interval.hi() - interval.lo() : Math.max(0.1, 0.1 * Math.abs(at));
        double objective = new RobustObjective(fitted.law(), data, null, delta).value(fitted.theta());
        TreeMap<Double, Double> profile = new TreeMap<>(Map.of(at, objective));
        for (int side : new int[] {-1, 1}) {
            walk(fitted, data, delta, k, side * FIRST * width, profile);
        }
        return new TableFit.Profile(
                p.name(),
                profile.keySet().stream().mapToDouble(c -> p.logarithmic() ? Math.exp(c) : c).toArray(),
                profile.values().stream().mapToDouble(v -> v).toArray());
    }

    private static void walk(
            FittedLaw fitted, LossData data, double delta, int k, double first, TreeMap<Double, Double> profile) {
        Law.Range range = fitted.law().ranges(data).get(k);
        double least = profile.get(fitted.theta()[k]);
        double[] from = fitted.theta();
        double step = first;
        for (int i = 0; i < STEPS; i++) {
            double next = Math.max(range.lower(), Math.min(range.upper(), from[k] + step));
            if (next == from[k]) {
                return;
            }
            DampedNewton.Minimum minimum = held(fitted, data, delta, k, next, from);
            double rise = 2 * data.size() * Math.log(minimum.value() / Math.max(least, 1e-300));
            if (rise > 2 * RISE && Math.abs(step) > 0.2 * Math.abs(first)) {
                step /= 3;
                continue;
            }
            profile.put(next, minimum.value());
            from = minimum.theta();
            if (rise > RISE) {
                return;
            }
            step *= GROWTH;
        }
    }

    private static DampedNewton.Minimum held(
            FittedLaw fitted, LossData data, double delta, int k, double value, double[] from) {
        double[] held = new double[fitted.law().dimension()];
        Arrays.fill(held, Double.NaN);
        held[k] = value;
        return LawFitter.held(fitted, data, delta, held, List.of(from, fitted.theta()));
    }
}
