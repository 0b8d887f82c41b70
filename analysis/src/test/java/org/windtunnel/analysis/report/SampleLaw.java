package org.windtunnel.analysis.report;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import org.windtunnel.analysis.fit.FitErrors;
import org.windtunnel.analysis.fit.FitOptions;
import org.windtunnel.analysis.fit.HoldOut;
import org.windtunnel.analysis.fit.ParameterEstimate;
import org.windtunnel.analysis.fit.TableFit;
import org.windtunnel.analysis.fit.TableFitter;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.law.Laws;
import org.windtunnel.analysis.plan.Allocation;
import org.windtunnel.analysis.plan.Slice;
import org.windtunnel.analysis.study.FitStudies;
import org.windtunnel.analysis.study.LawStudy;
import org.windtunnel.analysis.study.StudyResult;
import org.windtunnel.analysis.table.DataTable;

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
                points.add(new LawStudy.Point(
                        new double[] {n, d},
                        n,
                        d,
                        6 * n * d,
                        measured,
                        predicted,
                        Math.log(predicted / measured),
                        held,
                        0.008,
                        List.of(String.format(Locale.ROOT, "law-w%.0f-d%.0f", width, d))));
                if (held) {
                    blind.add(
                            new HoldOut.Point(n, d, measured, predicted * 1.006, predicted * 0.999, predicted * 1.014));
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
        return new LawStudy(
                "chinchilla",
                "L(N, D) = E + A N^-alpha + B D^-beta",
                List.of("N", "D"),
                "loss",
                "the best learning rate of each size and budget",
                parameters(),
                points,
                1.2e-3,
                3e-12,
                true,
                List.of(),
                new FitErrors(20, 0.0031, 0.009, 0.009, 0.011, 0.0002, 0.997),
                holdOut,
                List.of(),
                1000,
                0.95,
                slices,
                allocations(),
                profiles(),
                resamples(noise),
                new ParameterEstimate("a", 0.444, 0.40, 0.49, 0.02, null, true));
    }

    /** A fit of loss against size, budget and unique tokens: more inputs than a line can be drawn along. */
    static StudyResult fitOfThreeInputs() {
        Random noise = new Random(3);
        StringBuilder csv = new StringBuilder("N,D,U,loss\n");
        for (int i = 0; i < 48; i++) {
            double n = 1e8 * Math.pow(4, i % 4);
            double d = 1e9 * Math.pow(3, i / 4 % 4);
            double u = d / (1 + i / 16 * 4);
            csv.append(n).append(',').append(d).append(',').append(u).append(',')
                    .append(loss(n, d) * (1 + 0.05 * (i / 16) + 0.002 * noise.nextGaussian())).append('\n');
        }
        return fit(Laws.named("data-constrained"), csv.toString());
    }

    /** A fit to points on IsoFLOP curves. */
    static StudyResult isoFlopFit() {
        Random noise = new Random(4);
        StringBuilder csv = new StringBuilder("N,D,loss\n");
        for (double compute : new double[] {1e16, 1e17, 1e18, 1e19}) {
            for (int i = 0; i < 7; i++) {
                double n = Math.sqrt(compute / 120) * Math.pow(2, i - 3);
                double d = compute / 6 / n;
                csv.append(n).append(',').append(d).append(',').append(loss(n, d) * (1 + 0.002 * noise.nextGaussian()))
                        .append('\n');
            }
        }
        return fit(Laws.named("chinchilla"), csv.toString());
    }

    private static StudyResult fit(Law law, String csv) {
        try {
            Path file = Files.writeString(Files.createTempFile("points", ".csv"), csv);
            TableFitter.Settings settings =
                    new TableFitter.Settings(Map.of(), new FitOptions(1e-3, 60, 1, 0.95), null, Map.of(), null);
            TableFit fit = TableFitter.fit(law, DataTable.read(file), "points", settings);
            Files.delete(file);
            return FitStudies.of(fit);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
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
        List<LawStudy.Point> points = law.points().stream()
                .map(p -> new LawStudy.Point(
                        new double[] {p.compute()},
                        p.n(),
                        p.d(),
                        p.compute(),
                        p.loss(),
                        p.predicted(),
                        p.logResidual(),
                        p.heldOut(),
                        p.lr(),
                        p.runIds()))
                .toList();
        return new LawStudy(
                "power",
                "L(C) = A C^-alpha",
                List.of("C"),
                "loss",
                law.filter(),
                List.of(
                        new ParameterEstimate("A", 20, 18, 22, 1, null, true),
                        new ParameterEstimate("alpha", 0.07, 0.06, 0.08, 0.004, null, true)),
                points,
                1e-3,
                1e-12,
                true,
                List.of(),
                law.errors(),
                null,
                List.of(),
                1000,
                0.95,
                List.of(slice),
                List.of(),
                List.of(),
                new double[0][],
                null);
    }

    private static List<ParameterEstimate> parameters() {
        return List.of(
                new ParameterEstimate("E", E, 1.52, 1.66, 0.035, 0.03, true),
                new ParameterEstimate("A", 46, 18, 160, 31, null, false),
                new ParameterEstimate("alpha", 0.4, 0.33, 0.49, 0.04, 0.04, true),
                new ParameterEstimate("B", 68, 40, 123, 20, 22.0, true),
                new ParameterEstimate("beta", 0.32, 0.28, 0.37, 0.02, 0.02, true));
    }

    private static List<TableFit.Profile> profiles() {
        return parameters().stream()
                .map(p -> new TableFit.Profile(
                        p.name(), new double[] {p.lo(), p.value(), p.hi()}, new double[] {1.5e-3, 1.2e-3, 1.6e-3}))
                .toList();
    }

    private static double[][] resamples(Random noise) {
        double[][] resamples = new double[200][];
        for (int r = 0; r < resamples.length; r++) {
            double shift = noise.nextGaussian();
            resamples[r] = parameters().stream()
                    .mapToDouble(p -> p.value() * Math.exp(0.1 * (shift + 0.3 * noise.nextGaussian())))
                    .toArray();
        }
        return resamples;
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
