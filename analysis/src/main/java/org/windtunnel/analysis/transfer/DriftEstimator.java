package org.windtunnel.analysis.transfer;

import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.windtunnel.analysis.Numbers;
import org.windtunnel.analysis.transfer.Drift.Verdict;
import org.windtunnel.analysis.transfer.LrOptimum.Edge;

/** Weighted regression of log2 lr* on log2 width, and what it allows to say. */
final class DriftEstimator {
    private final String label;
    private final String axis;
    private final List<LrBowl> bowls;
    private final double tolerance;

    private DriftEstimator(String label, String axis, List<LrBowl> bowls, double tolerance) {
        this.label = label;
        this.axis = axis;
        this.bowls = bowls;
        this.tolerance = tolerance;
    }

    private record Line(double slope, double error, double meanX, int count) {}

    private record Judgement(Verdict verdict, String sentence) {}

    /** The drift over bowls by increasing size, {@code axis} in words; null with fewer than two. */
    static Drift estimate(String label, String axis, List<LrBowl> bowls, double tolerance) {
        return bowls.size() < 2 ? null : new DriftEstimator(label, axis, bowls, tolerance).drift();
    }

    private Drift drift() {
        List<LrBowl> usable = bowls.stream().filter(DriftEstimator::bounded).toList();
        LrBowl first = bowls.get(0);
        LrBowl last = bowls.get(bowls.size() - 1);
        double ratio = last.width() / first.width();
        double doublings = log2(ratio);
        Line line = usable.size() < 2 ? null : regress(usable);
        Judgement judgement = judge(line, usable.size(), doublings);
        Double rate = first.optimum() == null ? null : first.optimum().bestLr();
        return new Drift(
                line == null ? null : line.slope,
                line == null ? null : line.error,
                line == null ? null : line.slope * doublings,
                line == null ? null : line.error * doublings,
                ratio,
                usable.size(),
                judgement.verdict,
                judgement.sentence,
                rate,
                rate == null || last.optimum() == null ? null : excess(last, rate));
    }

    private static boolean bounded(LrBowl bowl) {
        return bowl.optimum() != null
                && bowl.optimum().edge() == Edge.NONE
                && Double.isFinite(bowl.optimum().octaveError());
    }

    /** Weighted least squares; the error is scaled up when the optima scatter more than their own errors say. */
    private static Line regress(List<LrBowl> bowls) {
        int n = bowls.size();
        double[] x = new double[n];
        double[] y = new double[n];
        double[] w = new double[n];
        double sumW = 0;
        double meanX = 0;
        double meanY = 0;
        for (int i = 0; i < n; i++) {
            x[i] = log2(bowls.get(i).width());
            y[i] = log2(bowls.get(i).optimum().lr());
            double error = error(bowls.get(i));
            w[i] = 1 / (error * error);
            sumW += w[i];
            meanX += w[i] * x[i];
            meanY += w[i] * y[i];
        }
        meanX /= sumW;
        meanY /= sumW;
        double sxx = 0;
        double sxy = 0;
        for (int i = 0; i < n; i++) {
            sxx += w[i] * (x[i] - meanX) * (x[i] - meanX);
            sxy += w[i] * (x[i] - meanX) * (y[i] - meanY);
        }
        double slope = sxy / sxx;
        double chi2 = 0;
        for (int i = 0; i < n; i++) {
            double r = y[i] - meanY - slope * (x[i] - meanX);
            chi2 += w[i] * r * r;
        }
        double scale = n > 2 ? Math.max(1, chi2 / (n - 2)) : 1;
        return new Line(slope, Math.sqrt(scale / sxx), meanX, n);
    }

    /** Error of an optimum in octaves; for one at the grid's edge the distance to its neighbour. */
    private static double error(LrBowl bowl) {
        LrOptimum optimum = bowl.optimum();
        double own = optimum.octaveError();
        if (Double.isFinite(own)) {
            return own;
        }
        Double neighbour = optimum.lo() == null ? optimum.hi() : optimum.lo();
        return Math.abs(log2(neighbour / optimum.lr()));
    }

    private Judgement judge(Line line, int usable, double doublings) {
        List<LrBowl> edges = bowls.stream()
                .filter(b -> b.optimum() != null && b.optimum().edge() != Edge.NONE)
                .toList();
        if (!edges.isEmpty()) {
            return judgeWithEdges(edges, doublings);
        }
        if (line == null) {
            return undetermined(
                    "fewer than two values of " + axis + " have a bounded best rate: run more rates at each");
        }
        double margin = Gaussian.Z95 * line.error;
        String numbers = String.format(
                Locale.ROOT,
                "drift %+.2f ± %.2f octaves over %sx %s",
                line.slope * doublings,
                margin * doublings,
                Numbers.text(Math.pow(2, doublings)),
                axis);
        if (Math.abs(line.slope) + margin <= tolerance) {
            return new Judgement(Verdict.TRANSFERS, "the LR transfers under " + label + ": " + numbers);
        }
        if (Math.abs(line.slope) > tolerance && Math.abs(line.slope) > margin) {
            return new Judgement(Verdict.DRIFTS, "the LR does not transfer under " + label + ": " + numbers);
        }
        return undetermined(numbers + " leaves both open (transfer means within ±"
                + Numbers.text(tolerance * doublings) + "): add "
                + (usable < 3 ? "values of " + axis : "seeds or rates between the best ones"));
    }

    private Judgement judgeWithEdges(List<LrBowl> edges, double doublings) {
        Line all = edgesPushingOutward(edges);
        if (all == null || Math.abs(all.slope) - Gaussian.Z95 * all.error <= tolerance) {
            return undetermined("the best rate is at the grid's edge at " + sizes(edges) + ": extend the grid "
                    + directions(edges));
        }
        String sentence = String.format(
                Locale.ROOT,
                "the LR does not transfer under %s: it drifts by %+.2f octaves or more over %sx %s"
                        + " (best rate at the grid's edge at %s: extend the grid)",
                label,
                all.slope * doublings,
                Numbers.text(Math.pow(2, doublings)),
                axis,
                sizes(edges));
        return new Judgement(Verdict.DRIFTS, sentence);
    }

    private Judgement undetermined(String why) {
        return new Judgement(
                Verdict.UNDETERMINED, "whether the LR transfers under " + label + " cannot be told: " + why);
    }

    /**
     * The line with edge optima where they stand, if moving them off the grid could only make it steeper; else null.
     */
    private Line edgesPushingOutward(List<LrBowl> edges) {
        List<LrBowl> all = bowls.stream()
                .filter(b -> b.optimum() != null
                        && (b.optimum().lo() != null || b.optimum().hi() != null))
                .toList();
        if (all.size() < 3) {
            return null;
        }
        Line line = regress(all);
        boolean outward = edges.stream().allMatch(b -> {
            double side = log2(b.width()) - line.meanX;
            double push = b.optimum().edge() == Edge.LOWEST ? -1 : 1;
            return side * push * line.slope > 0;
        });
        return outward ? line : null;
    }

    private String sizes(List<LrBowl> bowls) {
        return axis + " " + bowls.stream().map(b -> plain(b.width())).collect(Collectors.joining(", "));
    }

    private static String directions(List<LrBowl> edges) {
        return edges.stream()
                .map(b -> b.optimum().edge() == Edge.LOWEST ? "downward" : "upward")
                .distinct()
                .sorted()
                .collect(Collectors.joining(" and "));
    }

    private static String plain(double width) {
        return width == Math.rint(width) ? Long.toString((long) width) : Double.toString(width);
    }

    /**
     * Loss at a rate less the best measured, interpolated in ln lr; null outside the grid, infinite next to a
     * divergence.
     */
    private static Double excess(LrBowl bowl, double rate) {
        List<LrPoint> points = bowl.points();
        double best = bowl.optimum().bestLoss();
        for (int i = 0; i < points.size(); i++) {
            LrPoint p = points.get(i);
            if (Math.abs(Math.log(p.lr() / rate)) < 1e-9) {
                return p.diverged() ? Double.POSITIVE_INFINITY : p.loss() - best;
            }
            if (i > 0 && points.get(i - 1).lr() < rate && rate < p.lr()) {
                LrPoint q = points.get(i - 1);
                if (p.diverged() || q.diverged()) {
                    return Double.POSITIVE_INFINITY;
                }
                double t = Math.log(rate / q.lr()) / Math.log(p.lr() / q.lr());
                return (1 - t) * q.loss() + t * p.loss() - best;
            }
        }
        return null;
    }

    private static double log2(double v) {
        return Math.log(v) / Math.log(2);
    }
}
