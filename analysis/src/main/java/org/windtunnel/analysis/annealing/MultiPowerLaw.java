package org.windtunnel.analysis.annealing;

import java.util.ArrayList;
import java.util.List;
import org.windtunnel.analysis.law.Jet;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.law.LearningRateTrace;
import org.windtunnel.analysis.law.LossData;
import org.windtunnel.analysis.law.Scale;

/**
 * L(s) = L0 + A S1(s)^-alpha + B SUM_{k<=s} (eta_k - eta_{k-1}) (1 - (1 + C eta_k^-gamma (S1(s) - S1(k-1)))^-beta)
 * (multi-power law, Luo et al., arXiv 2503.12811, eq. 4): every decrement of the learning rate lowers the loss by an
 * amount that unfolds over the area after it. Increments of the warm-up count as the authors count them.
 *
 * <p>Inputs are a curve's number and its step; a point costs one logarithm and one exponential for each change of the
 * learning rate before it. theta = (ln L0, ln A, alpha, ln B, ln C, ln beta, gamma).
 */
final class MultiPowerLaw implements Law {
    private static final int DIMENSION = 7;
    /** A rate of zero stands for this share of nothing: its term has long saturated. */
    private static final double LEAST_RATE = 1e-12;

    private final List<Changes> curves;

    MultiPowerLaw(List<LearningRateTrace> traces) {
        curves = traces.stream().map(Changes::of).toList();
    }

    /** The steps at which a learning rate changes: by how much, ln of the new rate, and S1 of the step before. */
    private record Changes(LearningRateTrace trace, int[] step, double[] change, double[] lnRate, double[] before) {

        static Changes of(LearningRateTrace trace) {
            List<Integer> steps = new ArrayList<>();
            for (int k = 1; k < trace.steps(); k++) {
                if (trace.rate(k) != trace.rate(k - 1)) {
                    steps.add(k);
                }
            }
            int[] step = steps.stream().mapToInt(k -> k).toArray();
            double[] change = new double[step.length];
            double[] lnRate = new double[step.length];
            double[] before = new double[step.length];
            for (int i = 0; i < step.length; i++) {
                change[i] = trace.rate(step[i]) - trace.rate(step[i] - 1);
                lnRate[i] = Math.log(Math.max(trace.rate(step[i]), LEAST_RATE));
                before[i] = trace.area(step[i] - 1);
            }
            return new Changes(trace, step, change, lnRate, before);
        }
    }

    @Override
    public String name() {
        return "multi-power";
    }

    @Override
    public String formula() {
        return "L(s) = L0 + A S1^-alpha + B SUM_k (eta_k - eta_(k-1)) (1 - (1 + C eta_k^-gamma (S1 - S1(k-1)))^-beta)";
    }

    @Override
    public List<String> inputs() {
        return List.of("curve", "step");
    }

    @Override
    public List<Parameter> parameters() {
        return List.of(
                new Parameter("L0", 0, true, Role.IRREDUCIBLE, null),
                new Parameter("A", 1, true, Role.COEFFICIENT, null),
                new Parameter("alpha", 2, false, Role.SHAPE, null),
                new Parameter("B", 3, true, Role.COEFFICIENT, null),
                new Parameter("C", 4, true, Role.SHAPE, null),
                new Parameter("beta", 5, true, Role.SHAPE, null),
                new Parameter("gamma", 6, false, Role.SHAPE, null));
    }

    /** Internal coordinates of parameters in the formula's order. */
    static double[] coordinates(double... p) {
        return new double[] {
            Math.log(p[0]), Math.log(p[1]), p[2], Math.log(p[3]), Math.log(p[4]), Math.log(p[5]), p[6]
        };
    }

    @Override
    public double[] encode(double... natural) {
        return natural.clone();
    }

    @Override
    public Scale scale() {
        return Scale.LOG;
    }

    @Override
    public List<Range> ranges(LossData data) {
        return List.of(
                new Range(data.minY() - 5, data.minY() + 1, 0.3),
                new Range(-20, 20, 1),
                new Range(0, 5, 0.25),
                new Range(-20, 25, 1),
                new Range(-20, 20, 1),
                new Range(-8, 5, 0.5),
                new Range(-1, 5, 0.25));
    }

    @Override
    public List<double[]> starts(LossData data) {
        List<double[]> starts = new ArrayList<>();
        double least = Math.exp(data.minY());
        for (double floor : new double[] {0.85, 0.95}) {
            for (double alpha : new double[] {0.4, 0.6}) {
                double area = curves.get(0).trace.area(curves.get(0).trace.steps() / 2);
                double a = (data.meanLoss() - floor * least) * Math.pow(area, alpha);
                for (double b : new double[] {100, 500}) {
                    starts.add(coordinates(floor * least, a, alpha, b, 2, 0.5, 0.6));
                }
            }
        }
        return starts;
    }

    @Override
    public double value(double[] theta, double[] x) {
        Changes c = curves.get((int) x[0]);
        int s = (int) x[1];
        double area = c.trace.area(s);
        double beta = Math.exp(theta[5]);
        double sum = 0;
        for (int i = 0; i < c.step.length && c.step[i] <= s; i++) {
            double u = Math.exp(theta[4] - theta[6] * c.lnRate[i]) * (area - c.before[i]);
            sum -= c.change[i] * Math.expm1(-beta * Math.log1p(u));
        }
        return Math.log(Math.exp(theta[0]) + Math.exp(theta[1] - theta[2] * Math.log(area)) + Math.exp(theta[3]) * sum);
    }

    /**
     * With v = ln u, u = C eta^-gamma dS, and T = 1 - exp(-b), b = beta ln(1 + u): dT = exp(-b) db, and v depends on ln C
     * with slope 1 and on gamma with slope -ln eta.
     */
    @Override
    public double evaluate(double[] theta, double[] x, Jet jet) {
        Changes c = curves.get((int) x[0]);
        int s = (int) x[1];
        double area = c.trace.area(s);
        double beta = Math.exp(theta[5]);
        double[] sums = new double[10];
        for (int i = 0; i < c.step.length && c.step[i] <= s; i++) {
            add(
                    sums,
                    c.change[i],
                    c.lnRate[i],
                    Math.exp(theta[4] - theta[6] * c.lnRate[i]) * (area - c.before[i]),
                    beta);
        }
        return assemble(theta, Math.log(area), sums, jet);
    }

    /** Adds one change's T and its derivatives in (ln beta, v) with powers of -ln eta. */
    private static void add(double[] sums, double change, double lnRate, double u, double beta) {
        double log = Math.log1p(u);
        double b = beta * log;
        double rest = change * Math.exp(-b);
        double share = u / (1 + u);
        double slope = beta * share;
        double bend = slope * (1 / (1 + u) - slope);
        double g = -lnRate;
        sums[0] += change - rest;
        sums[1] += rest * b;
        sums[2] += rest * slope;
        sums[3] += rest * slope * g;
        sums[4] += rest * b * (1 - b);
        sums[5] += rest * slope * (1 - b);
        sums[6] += rest * slope * (1 - b) * g;
        sums[7] += rest * bend;
        sums[8] += rest * bend * g;
        sums[9] += rest * bend * g * g;
    }

    private static double assemble(double[] theta, double lnArea, double[] sums, Jet jet) {
        double constant = Math.exp(theta[0]);
        double power = Math.exp(theta[1] - theta[2] * lnArea);
        double b = Math.exp(theta[3]);
        double loss = constant + power + b * sums[0];
        double[] g = {constant, power, -power * lnArea, b * sums[0], b * sums[2], b * sums[1], b * sums[3]};
        double[][] h = new double[DIMENSION][DIMENSION];
        h[0][0] = constant;
        h[1][1] = power;
        h[2][1] = -power * lnArea;
        h[2][2] = power * lnArea * lnArea;
        for (int i = 3; i < DIMENSION; i++) {
            h[i][3] = g[i];
        }
        h[4][4] = b * sums[7];
        h[5][4] = b * sums[5];
        h[5][5] = b * sums[4];
        h[6][4] = b * sums[8];
        h[6][5] = b * sums[6];
        h[6][6] = b * sums[9];
        int k = 0;
        for (int i = 0; i < DIMENSION; i++) {
            jet.gradient[i] = g[i] / loss;
            for (int j = 0; j <= i; j++, k++) {
                jet.hessian[k] = h[i][j] / loss - g[i] * g[j] / (loss * loss);
            }
        }
        return Math.log(loss);
    }
}
