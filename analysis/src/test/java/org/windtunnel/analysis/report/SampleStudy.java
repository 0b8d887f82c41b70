package org.windtunnel.analysis.report;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.stream.LongStream;
import org.windtunnel.analysis.curve.RunStatus;
import org.windtunnel.analysis.study.CurveSeries;
import org.windtunnel.analysis.study.EntropyCheck;
import org.windtunnel.analysis.study.RunRow;
import org.windtunnel.analysis.study.StudyOptions;
import org.windtunnel.analysis.study.StudyOrigin;
import org.windtunnel.analysis.study.StudyResult;
import org.windtunnel.analysis.study.Warning;
import org.windtunnel.analysis.transfer.Drift;
import org.windtunnel.analysis.transfer.LrBowl;
import org.windtunnel.analysis.transfer.LrOptimum;
import org.windtunnel.analysis.transfer.LrPoint;
import org.windtunnel.analysis.transfer.TransferGroup;

/**
 * A study computed from formulas: in the first of two groups the optimum falls by 0.9 octaves per doubling of width, in
 * the other it stays; the first group's largest width diverges at the highest rate; the law is {@link SampleLaw}.
 */
final class SampleStudy {
    static final double[] WIDTHS = {64, 128, 256, 512};
    static final int RATES = 6;
    static final String DIRECTORY = "/data/runs/quickstart";
    private static final double TOKENS = 2e6;

    private final Random noise = new Random(7);
    private final List<RunRow> runs = new ArrayList<>();
    private final List<CurveSeries> curves = new ArrayList<>();
    private final int curvePoints;
    private final int seeds;

    private SampleStudy(int curvePoints, int seeds) {
        this.curvePoints = curvePoints;
        this.seeds = seeds;
    }

    /** sp, mup, law, hold-out, entropy and a warning; 48 runs. */
    static StudyResult full() {
        return new SampleStudy(400, 1).study("quickstart", "sp", "mup");
    }

    /** The full study with every run repeated under several seeds. */
    static StudyResult large(int seeds, int curvePoints) {
        return new SampleStudy(curvePoints, seeds).study("large", "sp", "mup");
    }

    /** A small study under another name and with other group labels. */
    static StudyResult named(String sweep, String... groups) {
        return new SampleStudy(50, 1).study(sweep, groups);
    }

    /** The full study with a law in compute alone, without E. */
    static StudyResult computeLaw() {
        StudyResult full = full();
        return new StudyResult(full.format(), full.sweep(), full.origin(), full.options(), full.runs(), full.curves(),
                full.transfer(), SampleLaw.ofCompute(full.law()), null, full.warnings());
    }

    /** Non-embedding parameters of a width. */
    static double params(double width) {
        return 24 * width * width + 256 * width;
    }

    private StudyResult study(String sweep, String... labels) {
        List<TransferGroup> groups = new ArrayList<>();
        for (int g = 0; g < labels.length; g++) {
            boolean drifts = g == 0 && labels.length > 1;
            List<LrBowl> bowls = new ArrayList<>();
            for (double width : WIDTHS) {
                bowls.add(bowl(labels[g], width, drifts));
            }
            Map<String, Object> values = Map.of("parameterization.type", labels[g]);
            groups.add(new TransferGroup(labels[g], values, bowls, drift(labels[g], drifts)));
        }
        StudyOrigin origin = new StudyOrigin(
                DIRECTORY,
                "2026-11-23T05:00:00Z",
                List.of("maven_sources, 4000000 bytes, vocabulary 256"),
                List.of("x86-64, 2 cores, Linux, Java 17, MKL"),
                List.of("0123abc"));
        EntropyCheck entropy = new EntropyCheck(1.58, SampleLaw.E, 1.52, 1.66, true,
                "the fitted E = 1.600 (1.52 – 1.66) holds the known entropy 1.580");
        List<Warning> warnings = List.of(
                new Warning("law", "A", "the interval of A spans a factor of 9", "train models of more sizes"),
                new Warning("runs", null, "1 run diverged", null));
        return new StudyResult(StudyResult.FORMAT, sweep, origin, StudyOptions.defaults(), runs, curves, groups,
                SampleLaw.study(noise), entropy, warnings);
    }

    private LrBowl bowl(String label, double width, boolean drifts) {
        double doublings = Math.log(width / WIDTHS[0]) / Math.log(2);
        double optimum = Math.pow(2, -6.6 - (drifts ? 0.9 * doublings : 0) + 0.05 * noise.nextGaussian());
        double best = SampleLaw.loss(params(width), TOKENS);
        List<LrPoint> points = new ArrayList<>();
        for (int i = 0; i < RATES; i++) {
            double lr = Math.pow(2, -10 + i);
            double x = Math.log(lr / optimum);
            boolean diverged = drifts && width == WIDTHS[3] && i == RATES - 1;
            Double loss = diverged ? null : Double.valueOf(best + 0.03 * x * x + 0.002 * noise.nextGaussian());
            List<String> ids = new ArrayList<>();
            for (int seed = 0; seed < seeds; seed++) {
                ids.add(run(label, width, lr, loss, seed));
            }
            List<Long> seedNumbers = LongStream.range(0, seeds).boxed().toList();
            points.add(new LrPoint(lr, loss, null, seedNumbers, Collections.nCopies(seeds, loss), ids));
        }
        LrPoint least = points.stream()
                .filter(p -> !p.diverged())
                .min(Comparator.comparing(LrPoint::loss))
                .orElseThrow();
        LrOptimum.Parabola parabola =
                new LrOptimum.Parabola(Math.log(optimum), best, 0, 0.03, optimum / 3, optimum * 3);
        LrOptimum found = new LrOptimum(optimum, optimum / 1.15, optimum * 1.15, best, least.lr(), least.loss(),
                LrOptimum.Method.PARABOLA, LrOptimum.Edge.NONE, parabola, "residuals of the parabola (5 points)", null);
        return new LrBowl(width, params(width), TOKENS, points, found, 0.08, null);
    }

    private String run(String label, double width, double lr, Double loss, int seed) {
        String slug = String.format(Locale.ROOT, "%s-w%.0f-lr%.5f-s%d", label, width, lr, seed);
        String id = slug + String.format(Locale.ROOT, "_%08x", slug.hashCode());
        Map<String, Object> axes = new LinkedHashMap<>();
        axes.put("parameterization.type", label);
        axes.put("model.width", width);
        axes.put("optimizer.lr", lr);
        double n = params(width);
        double d = loss == null ? 0.2 * TOKENS : TOKENS;
        RunStatus status = loss == null ? RunStatus.DIVERGED : RunStatus.DONE;
        String reason = loss == null ? "loss is NaN" : null;
        Double train = loss == null ? null : Double.valueOf(loss - 0.02);
        runs.add(new RunRow(id, slug, label, status, reason, axes, seed, width, lr, n, n + 256 * width, n, d, 6 * n * d,
                loss, train, 4e9 / n, n * d / 4e9, false));
        curves.add(curve(id, label, status, width, lr, d, loss == null ? 3.0 : loss));
        return id;
    }

    private CurveSeries curve(
            String id, String label, RunStatus status, double width, double lr, double d, double end) {
        double[] tokens = new double[curvePoints];
        double[] flops = new double[curvePoints];
        double[] train = new double[curvePoints];
        for (int i = 0; i < curvePoints; i++) {
            tokens[i] = d * (i + 1) / curvePoints;
            flops[i] = 6 * params(width) * tokens[i];
            train[i] = mean(tokens[i], end) + 0.03 * noise.nextGaussian();
            if (status == RunStatus.DIVERGED && i > 0.8 * curvePoints) {
                train[i] += 30.0 * i / curvePoints - 24;
            }
        }
        double[] evalTokens = new double[12];
        double[] eval = new double[12];
        for (int i = 0; i < 12; i++) {
            evalTokens[i] = d * (i + 1) / 12;
            eval[i] = mean(evalTokens[i], end);
        }
        return new CurveSeries(
                id, label + " " + width, label, status, width, lr, tokens, flops, train, evalTokens, eval);
    }

    private static double mean(double tokens, double end) {
        double progress = tokens / TOKENS;
        return end + (5.5 - end) * Math.exp(-5 * Math.sqrt(progress) * (1 + progress));
    }

    private static Drift drift(String label, boolean drifts) {
        double slope = drifts ? -0.9 : -0.02;
        String sentence = String.format(Locale.ROOT, "the LR %s under %s: drift %+.2f ± 0.12 octaves over 8x width",
                drifts ? "does not transfer" : "transfers", label, 3 * slope);
        return new Drift(slope, 0.02, 3 * slope, 0.06, 8, WIDTHS.length,
                drifts ? Drift.Verdict.DRIFTS : Drift.Verdict.TRANSFERS, sentence, 0.0078, drifts ? 0.31 : 0.001);
    }
}
