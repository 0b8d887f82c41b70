package org.windtunnel.analysis.plan;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.windtunnel.analysis.Numbers;
import org.windtunnel.analysis.fit.Bootstrap;
import org.windtunnel.analysis.fit.FittedLaw;

/** Curves of a fitted law through and past its data, for drawing. */
public final class Slices {
    private static final int SAMPLES = 41;
    private static final double BEFORE = 1.5;
    private static final double BEYOND = 10;
    private static final int MOST = 6;

    private Slices() {}

    /**
     * For a law of two inputs what it says along each at the values of the other (six at most), for one of one input
     * along that; none for more inputs, or where one is not positive.
     *
     * @param points inputs by point in the law's order
     */
    public static List<Slice> of(FittedLaw fitted, Bootstrap bootstrap, double[][] points) {
        List<String> inputs = fitted.law().inputs();
        List<Slice> slices = new ArrayList<>();
        if (inputs.size() > 2 || Arrays.stream(points).flatMapToDouble(Arrays::stream).anyMatch(v -> !(v > 0))) {
            return slices;
        }
        if (inputs.size() == 1) {
            slices.add(slice(fitted, bootstrap, points, 0, null));
            return slices;
        }
        for (int along = 0; along < 2; along++) {
            for (double fixed : values(points, 1 - along)) {
                slices.add(slice(fitted, bootstrap, points, along, fixed));
            }
        }
        return slices;
    }

    /** Distinct values of an input, those within 2 % taken as one, thinned evenly with both ends kept. */
    private static List<Double> values(double[][] points, int input) {
        List<Double> distinct = new ArrayList<>();
        Arrays.stream(points).mapToDouble(p -> p[input]).sorted().forEach(v -> {
            if (distinct.isEmpty() || v > distinct.get(distinct.size() - 1) * 1.02) {
                distinct.add(v);
            }
        });
        if (distinct.size() <= MOST) {
            return distinct;
        }
        List<Double> thinned = new ArrayList<>();
        for (int i = 0; i < MOST; i++) {
            thinned.add(distinct.get(Math.round(i * (distinct.size() - 1) / (float) (MOST - 1))));
        }
        return thinned;
    }

    private static Slice slice(FittedLaw fitted, Bootstrap bootstrap, double[][] points, int along, Double fixed) {
        List<String> inputs = fitted.law().inputs();
        String variable = inputs.get(along);
        double[] all =
                Arrays.stream(points).mapToDouble(p -> p[along]).sorted().toArray();
        double measured = fixed == null
                ? all[all.length - 1]
                : Arrays.stream(points)
                        .filter(p -> Math.abs(Math.log(p[1 - along] / fixed)) < 0.02)
                        .mapToDouble(p -> p[along])
                        .max()
                        .orElse(all[all.length - 1]);
        double from = all[0] / BEFORE;
        double ratio = all[all.length - 1] * BEYOND / from;
        double[] x = new double[SAMPLES];
        double[] loss = new double[SAMPLES];
        double[] lo = new double[SAMPLES];
        double[] hi = new double[SAMPLES];
        for (int i = 0; i < SAMPLES; i++) {
            x[i] = from * Math.pow(ratio, i / (SAMPLES - 1.0));
            double[] at = fixed == null
                    ? new double[] {x[i]}
                    : along == 0 ? new double[] {x[i], fixed} : new double[] {fixed, x[i]};
            loss[i] = fitted.predict(at);
            Bootstrap.Interval band = bootstrap.prediction(at);
            lo[i] = band.lo();
            hi[i] = band.hi();
        }
        String label = fixed == null ? "" : inputs.get(1 - along) + " = " + Numbers.text(fixed);
        return new Slice(variable, label, fixed, x, loss, lo, hi, measured);
    }
}
