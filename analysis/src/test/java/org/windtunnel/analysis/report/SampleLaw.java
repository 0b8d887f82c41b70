package org.windtunnel.analysis.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.windtunnel.analysis.fit.FitErrors;
import org.windtunnel.analysis.fit.HoldOut;
import org.windtunnel.analysis.fit.ParameterEstimate;
import org.windtunnel.analysis.plan.Allocation;
import org.windtunnel.analysis.plan.Slice;
import org.windtunnel.analysis.study.LawStudy;

/** L = 1.6 + 46 N^-0.4 + 68 D^-0.32 at four sizes and five budgets, the largest size held out. */
final class SampleLaw {
    static final double E = 1.6;
    private static final double[] BUDGETS = {5e5, 1e6, 2e6, 4e6, 8e6};
    private static final int SLICE_POINTS = 40;

    private SampleLaw() {}

    static double loss(double n, double d) {
        return E + 46 * Math.pow(n, -0.4) + 68 * Math.pow(d, -0.32);
    }

    static LawStudy study(Random noise) {
        List<LawStudy.Point> points = new ArrayList<>();
        List<HoldOut.Point> blind = new ArrayList<>();
        List<Slice> slices = new ArrayList<>();
        for (double width : SampleStudy.WIDTHS) {
            double n = SampleStudy.params(width);
            slices.add(slice("D", n, 8e6));
            for (double d : BUDGETS) {
                double predicted = loss(n, d);
                double measured = predicted * (1 + 0.004 * noise.nextGaussian());
                boolean held = width == 512;
                points.add(new LawStudy.Point(n, d, 6 * n * d, measured, predicted, Math.log(predicted / measured), held,
                        0.008, List.of(String.format(Locale.ROOT, "law-w%.0f-d%.0f", width, d))));
                if (held) {
                    blind.add(new HoldOut.Point(n, d, measured, predicted * 1.006, predicted * 0.999, predicted * 1.014));
                }
            }
        }
        for (double d : new double[] {5e5, 2e6, 8e6}) {
            slices.add(slice("N", d, SampleStudy.params(512)));
        }
        HoldOut holdOut = new HoldOut("all points of the largest N", 15, blind,
                new FitErrors(5, 0.0068, 0.0091, 0.02, 0.021, 0.013, 0.98),
                new FitErrors(5, 0.024, 0.03, 0.06, 0.07, 0.06, 0.8), null,
                "fitted without the largest model, the law predicts it with a mean error of 0.68 % (last loss: 2.4 %)");
        return new LawStudy("chinchilla", "L(N, D) = E + A N^-alpha + B D^-beta",
                "the best learning rate of each size and budget", parameters(), points, 1.2e-3, 3e-12, true, List.of(),
                new FitErrors(20, 0.0031, 0.009, 0.009, 0.011, 0.0002, 0.997), holdOut, 1000, 0.95, slices, allocations(),
                new ParameterEstimate("a", 0.444, 0.40, 0.49, 0.02, null, true));
    }

    /** The points of a law of N and D under one of compute alone. */
    static LawStudy ofCompute(LawStudy law) {
        double[] x = new double[SLICE_POINTS];
        double[] loss = new double[SLICE_POINTS];
        for (int i = 0; i < SLICE_POINTS; i++) {
            x[i] = 3e11 * Math.pow(1e4, i / (SLICE_POINTS - 1.0));
            loss[i] = 20 * Math.pow(x[i], -0.07);
        }
        Slice slice = new Slice("C", "", null, x, loss, loss, loss, 4e14);
        return new LawStudy("power", "L(C) = A C^-alpha", law.filter(),
                List.of(
                        new ParameterEstimate("A", 20, 18, 22, 1, null, true),
                        new ParameterEstimate("alpha", 0.07, 0.06, 0.08, 0.004, null, true)),
                law.points(), 1e-3, 1e-12, true, List.of(), law.errors(), null, 1000, 0.95, List.of(slice), List.of(), null);
    }

    private static List<ParameterEstimate> parameters() {
        return List.of(
                new ParameterEstimate("E", E, 1.52, 1.66, 0.035, 0.03, true),
                new ParameterEstimate("A", 46, 18, 160, 31, null, false),
                new ParameterEstimate("alpha", 0.4, 0.33, 0.49, 0.04, 0.04, true),
                new ParameterEstimate("B", 68, 40, 123, 20, 22.0, true),
                new ParameterEstimate("beta", 0.32, 0.28, 0.37, 0.02, 0.02, true));
    }

    private static List<Allocation> allocations() {
        List<Allocation> allocations = new ArrayList<>();
        for (double c : new double[] {1e13, 1e14, 1e15, 1e16}) {
            double n = 0.3 * Math.pow(c / 6, 0.44);
            double d = c / 6 / n;
            double loss = loss(n, d);
            allocations.add(new Allocation(
                    c, n, n * 0.7, n * 1.4, d, d * 0.7, d * 1.4, loss, loss * 0.98, loss * 1.03, c / 3e14));
        }
        return allocations;
    }

    private static Slice slice(String variable, double fixed, double measuredTo) {
        boolean tokens = variable.equals("D");
        double from = tokens ? BUDGETS[0] : SampleStudy.params(64);
        double[] x = new double[SLICE_POINTS];
        double[] loss = new double[SLICE_POINTS];
        double[] lo = new double[SLICE_POINTS];
        double[] hi = new double[SLICE_POINTS];
        for (int i = 0; i < SLICE_POINTS; i++) {
            x[i] = from * Math.pow(16 * measuredTo / from, i / (SLICE_POINTS - 1.0));
            loss[i] = tokens ? loss(fixed, x[i]) : loss(x[i], fixed);
            double beyond = Math.max(0, Math.log(x[i] / measuredTo));
            lo[i] = loss[i] * (1 - 0.004 - 0.009 * beyond);
            hi[i] = loss[i] * (1 + 0.004 + 0.012 * beyond);
        }
        return new Slice(variable, (tokens ? "N = " : "D = ") + Format.si(fixed), fixed, x, loss, lo, hi, measuredTo);
    }
}
