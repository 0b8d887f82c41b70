package org.windtunnel.analysis.isoflop;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.stream.Collectors;
import org.windtunnel.analysis.AnalysisException;
import org.windtunnel.analysis.Numbers;

/**
 * Compute-optimal sizes without a law of N and D, as text: minima of IsoFLOP curves (approach 2 of Hoffmann et al., arXiv
 * 2203.15556, with Akima splines beside the parabolas) or the envelope of training curves (approach 1).
 */
public final class IsoFlopFit {
    /** Names on the command line. */
    public static final List<String> LAWS = List.of("isoflop", "envelope");

    /** Budgets within this factor of a common one are one. */
    public static final double SAME = 1.15;

    private static final int BUDGETS = 1500;

    private IsoFlopFit() {}

    /**
     * Minima of parabolas by budget, and N* = G C^a through them with a bootstrap interval: the points of each budget are
     * drawn again.
     *
     * @param points sizes and losses by budget, budgets nearly equal within a curve
     * @param resamples for the interval
     * @throws AnalysisException if fewer than two budgets have a minimum
     */
    public static List<String> parabolas(List<IsoFlop.Point> points, int resamples, long seed, double level) {
        List<IsoFlop.Point> grouped = IsoFlop.grouped(points, SAME);
        List<IsoFlop.Minimum> minima = IsoFlop.parabolas(grouped, 0);
        List<IsoFlop.Minimum> inside = minima.stream().filter(IsoFlop.Minimum::inside).toList();
        if (inside.size() < 2) {
            throw new AnalysisException(
                    "expected two or more compute budgets with four sizes each and a minimum between them," + " found "
                            + inside.size()
                            + ". Budgets within 15 % are taken as one; train more sizes, or fit chinchilla.");
        }
        List<String> lines = new ArrayList<>();
        lines.add("IsoFLOP curves: parabolas of the loss in ln N, " + points.size() + " points");
        lines.add(String.format("  %10s %7s %10s %10s %10s", "FLOP", "points", "N*", "D*", "loss"));
        for (IsoFlop.Minimum m : minima) {
            long count = grouped.stream().filter(p -> p.compute() == m.compute()).count();
            lines.add(String.format(
                    Locale.ROOT,
                    "  %10.3g %7d %10s %10s %10.4f%s",
                    m.compute(),
                    count,
                    Numbers.text(m.size()),
                    Numbers.text(m.compute() / 6 / m.size()),
                    m.loss(),
                    m.inside() ? "" : "  ! outside its points, left out"));
        }
        lines.add("  parabolas: " + growth(Growth.of(inside)) + interval(grouped, resamples, seed, level));
        List<IsoFlop.Minimum> splines = IsoFlop.splines(grouped);
        if (splines.size() >= 2) {
            lines.add("  Akima splines: " + growth(Growth.of(splines)));
        }
        return lines;
    }

    /**
     * The envelope of training curves and N* = G C^a along it.
     *
     * @throws AnalysisException if the curves are of fewer than two sizes
     */
    public static List<String> envelope(List<Envelope.TrainingCurve> curves) {
        if (curves.stream().mapToDouble(Envelope.TrainingCurve::size).distinct().count() < 2) {
            throw new AnalysisException("expected training curves of two or more sizes, found "
                    + curves.size() + " curves of one. Train more sizes.");
        }
        List<IsoFlop.Minimum> minima = Envelope.of(curves, BUDGETS);
        String sizes = minima.stream()
                .map(IsoFlop.Minimum::size)
                .distinct()
                .sorted()
                .map(Numbers::text)
                .collect(Collectors.joining(", "));
        return List.of(
                "envelope of " + curves.size() + " training curves at " + minima.size() + " budgets",
                "  sizes on it: " + sizes,
                "  " + growth(Growth.of(minima)));
    }

    private static String growth(Growth line) {
        return String.format(
                Locale.ROOT,
                "N* = %.4g C^%.4f, D* ~ C^%.4f (%d budgets, standard error of the line %.4f)",
                line.coefficient(),
                line.exponent(),
                1 - line.exponent(),
                line.points(),
                line.error());
    }

    private static String interval(List<IsoFlop.Point> grouped, int resamples, long seed, double level) {
        List<List<IsoFlop.Point>> budgets = List.copyOf(grouped.stream()
                .collect(Collectors.groupingBy(IsoFlop.Point::compute))
                .values());
        SplittableRandom random = new SplittableRandom(seed);
        List<Double> exponents = new ArrayList<>();
        for (int r = 0; r < resamples; r++) {
            List<IsoFlop.Point> drawn = new ArrayList<>();
            for (List<IsoFlop.Point> budget : budgets) {
                for (int i = 0; i < budget.size(); i++) {
                    drawn.add(budget.get(random.nextInt(budget.size())));
                }
            }
            List<IsoFlop.Minimum> minima = IsoFlop.parabolas(drawn, 0).stream()
                    .filter(IsoFlop.Minimum::inside)
                    .toList();
            if (minima.size() >= 2) {
                exponents.add(Growth.of(minima).exponent());
            }
        }
        if (exponents.size() < 2) {
            return "";
        }
        double[] sorted = exponents.stream().mapToDouble(e -> e).sorted().toArray();
        int cut = (int) Math.floor(sorted.length * (1 - level) / 2);
        return String.format(
                Locale.ROOT,
                "; %.0f %% interval of the exponent [%.4f, %.4f]",
                100 * level,
                sorted[cut],
                sorted[sorted.length - 1 - cut]);
    }
}
