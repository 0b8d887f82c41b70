package org.windtunnel.analysis.fit;

import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.ToDoubleFunction;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.law.LossData;

/**
 * Nonparametric bootstrap over points (one a run or cell, never checkpoints of one run): parameters of the law
 * refitted to resamples with replacement. Deterministic in the seed, whatever the number of threads.
 */
public final class Bootstrap {
    private final Law law;
    private final double[][] thetas;
    private final double level;

    private Bootstrap(Law law, double[][] thetas, double level) {
        this.law = law;
        this.thetas = thetas;
        this.level = level;
    }

    /** Percentile interval and standard error (ddof 1) of one quantity. */
    public record Interval(double lo, double hi, double se) {}

    /** Refits {@code options.bootstrap()} resamples. */
    public static Bootstrap run(FittedLaw fitted, LossData data, FitOptions options) {
        int n = data.size();
        double[][] weights = new double[options.bootstrap()][n];
        SplittableRandom random = new SplittableRandom(options.seed());
        for (double[] row : weights) {
            for (int i = 0; i < n; i++) {
                row[random.nextInt(n)]++;
            }
        }
        return run(fitted, data, options, weights);
    }

    /**
     * Refits {@code options.bootstrap()} resamples of whole clusters, such as runs or cells: residuals within one are
     * not independent, and resampling its points one by one makes intervals too narrow.
     *
     * @param cluster by point, the number of its cluster from 0 on
     */
    public static Bootstrap run(FittedLaw fitted, LossData data, FitOptions options, int[] cluster) {
        int clusters = Arrays.stream(cluster).max().orElseThrow() + 1;
        double[][] weights = new double[options.bootstrap()][data.size()];
        SplittableRandom random = new SplittableRandom(options.seed());
        for (double[] row : weights) {
            double[] drawn = new double[clusters];
            for (int i = 0; i < clusters; i++) {
                drawn[random.nextInt(clusters)]++;
            }
            Arrays.setAll(row, i -> drawn[cluster[i]]);
        }
        return run(fitted, data, options, weights);
    }

    /** Refits given resamples: by resample, how often each point was drawn. */
    public static Bootstrap run(FittedLaw fitted, LossData data, FitOptions options, double[][] weights) {
        double[][] thetas = Arrays.stream(weights)
                .parallel()
                .map(w -> LawFitter.refit(fitted, data, options.huberDelta(), w))
                .toArray(double[][]::new);
        return new Bootstrap(fitted.law(), thetas, options.level());
    }

    /** Given coordinates by resample, such as those of a fit that was stored. */
    public static Bootstrap of(Law law, double[][] thetas, double level) {
        return new Bootstrap(law, thetas, level);
    }

    /** Internal coordinates by resample; not to be changed. */
    public double[][] thetas() {
        return thetas;
    }

    /** Parameters by resample, in the formula's order and natural units. */
    public double[][] naturals() {
        return Arrays.stream(thetas)
                .map(t -> law.parameters().stream().mapToDouble(p -> p.natural(t)).toArray())
                .toArray(double[][]::new);
    }

    /** Coverage of the intervals. */
    public double level() {
        return level;
    }

    public int resamples() {
        return thetas.length;
    }

    /** Interval of a function of the internal coordinates; NaN without resamples. */
    public Interval interval(ToDoubleFunction<double[]> quantity) {
        if (thetas.length < 2) {
            return new Interval(Double.NaN, Double.NaN, Double.NaN);
        }
        double[] values = Arrays.stream(thetas).mapToDouble(quantity).sorted().toArray();
        double mean = Arrays.stream(values).average().orElseThrow();
        double variance =
                Arrays.stream(values).map(v -> (v - mean) * (v - mean)).sum() / (values.length - 1);
        return new Interval(quantile(values, (1 - level) / 2), quantile(values, (1 + level) / 2), Math.sqrt(variance));
    }

    /** Interval of the predicted loss for inputs in their natural unit. */
    public Interval prediction(double... inputs) {
        double[] x = law.encode(inputs);
        return interval(theta -> Math.exp(law.value(theta, x)));
    }

    /** Quantile of sorted values, linear between order statistics. */
    private static double quantile(double[] sorted, double p) {
        double position = p * (sorted.length - 1);
        int below = (int) Math.floor(position);
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
    }
}
