package org.windtunnel.analysis.law;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * L = E + A N^-alpha + B D^-beta + ... in log-sum-exp coordinates (Hoffmann et al., arXiv 2203.15556, approach 3):
 * ln L = LSE(a - alpha ln N, b - beta ln D, e) with A = exp a, B = exp b, E = exp e, each term with one input, the
 * irreducible term optional.
 *
 * <p>theta = (a, b, ..., e, alpha, beta, ...). With soft-max weights q of the terms and their constant derivatives
 * u_k, the gradient is g = SUM q_k u_k and the Hessian SUM q_k u_k u_k^T - g g^T.
 */
public final class PowerSum implements Separable {
    private static final double MAX_EXPONENT = 10;
    private static final double COEFFICIENT_STEP = 3;
    private static final double CONSTANT_STEP = 0.5;
    private static final double EXPONENT_STEP = 0.25;
    private static final double LN_FLOOR = Math.log(1e-6);

    private final String name;
    private final List<String> inputs;
    private final boolean irreducible;
    private final List<Parameter> parameters;
    private final String formula;
    private final boolean hoffmannGrid;

    private PowerSum(
            String name,
            List<String> inputs,
            List<String> coefficients,
            List<String> exponents,
            boolean irreducible,
            boolean hoffmannGrid) {
        this.name = name;
        this.inputs = List.copyOf(inputs);
        this.irreducible = irreducible;
        this.hoffmannGrid = hoffmannGrid;
        int terms = inputs.size();
        int offset = terms + (irreducible ? 1 : 0);
        List<Parameter> list = new ArrayList<>();
        List<String> sum = new ArrayList<>();
        if (irreducible) {
            list.add(new Parameter("E", terms, true, Role.IRREDUCIBLE, null));
            sum.add("E");
        }
        for (int k = 0; k < terms; k++) {
            list.add(new Parameter(coefficients.get(k), k, true, Role.COEFFICIENT, inputs.get(k)));
            sum.add(coefficients.get(k) + " " + inputs.get(k) + "^-" + exponents.get(k));
        }
        for (int k = 0; k < terms; k++) {
            list.add(new Parameter(exponents.get(k), offset + k, false, Role.EXPONENT, inputs.get(k)));
        }
        parameters = List.copyOf(list);
        formula = "L(" + String.join(", ", inputs) + ") = " + sum.stream().collect(Collectors.joining(" + "));
    }

    /** L(N, D) = E + A N^-alpha + B D^-beta. */
    public static PowerSum chinchilla() {
        return new PowerSum("chinchilla", List.of("N", "D"), List.of("A", "B"), List.of("alpha", "beta"), true, true);
    }

    /** L(X) = E + A X^-alpha, or without E, for X one of N, D, C. */
    public static PowerSum powerLaw(String input, boolean irreducible) {
        return new PowerSum(
                irreducible ? "power law with constant" : "power law",
                List.of(input),
                List.of("A"),
                List.of("alpha"),
                irreducible,
                false);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String formula() {
        return formula;
    }

    @Override
    public List<String> inputs() {
        return inputs;
    }

    @Override
    public List<Parameter> parameters() {
        return parameters;
    }

    private int offset() {
        return inputs.size() + (irreducible ? 1 : 0);
    }

    @Override
    public List<Range> ranges(LossData data) {
        List<Range> ranges = new ArrayList<>();
        for (int k = 0; k < inputs.size(); k++) {
            // Room for a vanishing term at every point and for the largest exponent.
            double reach = MAX_EXPONENT * Math.max(1, Math.abs(data.meanX(k)));
            ranges.add(new Range(data.minY() - 30, Math.max(50, data.minY() + 30 + reach), COEFFICIENT_STEP));
        }
        if (irreducible) {
            ranges.add(new Range(data.minY() + LN_FLOOR, data.minY() + 5, CONSTANT_STEP));
        }
        for (int k = 0; k < inputs.size(); k++) {
            ranges.add(new Range(0, MAX_EXPONENT, EXPONENT_STEP));
        }
        return ranges;
    }

    @Override
    public double value(double[] theta, double[] x) {
        int terms = inputs.size();
        int offset = offset();
        double max = irreducible ? theta[terms] : Double.NEGATIVE_INFINITY;
        for (int k = 0; k < terms; k++) {
            max = Math.max(max, theta[k] - theta[offset + k] * x[k]);
        }
        double sum = irreducible ? Math.exp(theta[terms] - max) : 0;
        for (int k = 0; k < terms; k++) {
            sum += Math.exp(theta[k] - theta[offset + k] * x[k] - max);
        }
        return max + Math.log(sum);
    }

    @Override
    public double evaluate(double[] theta, double[] x, Jet jet) {
        if (irreducible && inputs.size() == 2) {
            return evaluateTwo(theta, x, jet);
        }
        int terms = inputs.size();
        int offset = offset();
        double[] g = jet.gradient;
        double max = irreducible ? theta[terms] : Double.NEGATIVE_INFINITY;
        for (int k = 0; k < terms; k++) {
            g[k] = theta[k] - theta[offset + k] * x[k];
            max = Math.max(max, g[k]);
        }
        if (irreducible) {
            g[terms] = theta[terms];
        }
        double sum = 0;
        for (int k = 0; k < offset; k++) {
            g[k] = Math.exp(g[k] - max);
            sum += g[k];
        }
        for (int k = 0; k < offset; k++) {
            g[k] /= sum;
        }
        for (int k = 0; k < terms; k++) {
            g[offset + k] = -g[k] * x[k];
        }
        double[] h = jet.hessian;
        int k = 0;
        for (int i = 0; i < g.length; i++) {
            for (int j = 0; j <= i; j++, k++) {
                h[k] = -g[i] * g[j];
            }
        }
        for (int i = 0; i < offset; i++) {
            h[i * (i + 3) / 2] += g[i];
        }
        for (int i = 0; i < terms; i++) {
            int exponent = offset + i;
            int row = exponent * (exponent + 1) / 2;
            h[row + i] += g[exponent];
            h[row + exponent] -= g[exponent] * x[i];
        }
        return max + Math.log(sum);
    }

    /** The case of two terms and a constant written out: a bootstrap spends its time here. */
    private static double evaluateTwo(double[] theta, double[] x, Jet jet) {
        double x0 = x[0];
        double x1 = x[1];
        double z0 = theta[0] - theta[3] * x0;
        double z1 = theta[1] - theta[4] * x1;
        double max = Math.max(Math.max(z0, z1), theta[2]);
        double t0 = Math.exp(z0 - max);
        double t1 = Math.exp(z1 - max);
        double t2 = Math.exp(theta[2] - max);
        double sum = t0 + t1 + t2;
        double q0 = t0 / sum;
        double q1 = t1 / sum;
        double q2 = t2 / sum;
        double[] g = jet.gradient;
        g[0] = q0;
        g[1] = q1;
        g[2] = q2;
        g[3] = -q0 * x0;
        g[4] = -q1 * x1;
        double h00 = q0 - q0 * q0;
        double h10 = -q0 * q1;
        double h11 = q1 - q1 * q1;
        double h20 = -q0 * q2;
        double h21 = -q1 * q2;
        double[] h = jet.hessian;
        h[0] = h00;
        h[1] = h10;
        h[2] = h11;
        h[3] = h20;
        h[4] = h21;
        h[5] = q2 - q2 * q2;
        h[6] = -x0 * h00;
        h[7] = -x0 * h10;
        h[8] = -x0 * h20;
        h[9] = x0 * x0 * h00;
        h[10] = -x1 * h10;
        h[11] = -x1 * h11;
        h[12] = -x1 * h21;
        h[13] = x0 * x1 * h10;
        h[14] = x1 * x1 * h11;
        return max + Math.log(sum);
    }

    @Override
    public int exponents() {
        return inputs.size();
    }

    @Override
    public double[] basis(double[] exponents, double[] x) {
        double[] basis = new double[offset()];
        for (int k = 0; k < exponents.length; k++) {
            basis[k] = Math.exp(-exponents[k] * x[k]);
        }
        if (irreducible) {
            basis[exponents.length] = 1;
        }
        return basis;
    }

    @Override
    public double[] join(double[] exponents, double[] coefficients) {
        double[] theta = new double[coefficients.length + exponents.length];
        for (int k = 0; k < coefficients.length; k++) {
            theta[k] = Math.log(Math.max(coefficients[k], 1e-12));
        }
        System.arraycopy(exponents, 0, theta, coefficients.length, exponents.length);
        return theta;
    }

    @Override
    public List<double[]> starts(LossData data) {
        List<double[]> starts = new ArrayList<>(centredStarts(data));
        if (hoffmannGrid) {
            starts.addAll(hoffmannStarts());
        }
        return starts;
    }

    /**
     * The published grid: exponents 0 to 2, e -1 to 1, coefficients exp 0 to exp 25; made for losses of 2 to 5 nats.
     */
    private static List<double[]> hoffmannStarts() {
        List<double[]> starts = new ArrayList<>();
        for (int cell = 0; cell < 4500; cell++) {
            int rest = cell;
            double alpha = 0.5 * (rest % 5);
            rest /= 5;
            double beta = 0.5 * (rest % 5);
            rest /= 5;
            double e = -1 + 0.5 * (rest % 5);
            rest /= 5;
            starts.add(new double[] {5 * (rest % 6), 5 * (rest / 6), e, alpha, beta});
        }
        return starts;
    }

    /** Starts at the data's own scale: E a share of the least loss, the terms shares of the rest at the mean inputs. */
    private List<double[]> centredStarts(LossData data) {
        double[] exponents = {0.05, 0.15, 0.3, 0.5, 0.8, 1.3};
        double[] constants = irreducible ? new double[] {0.02, 0.3, 0.6, 0.8, 0.9, 0.97} : new double[] {0};
        double[] splits = inputs.size() > 1 ? new double[] {0.15, 0.5, 0.85} : new double[] {1};
        double mean = 0;
        for (int i = 0; i < data.size(); i++) {
            mean += Math.exp(data.y(i)) / data.size();
        }
        List<double[]> starts = new ArrayList<>();
        int combinations = (int) Math.pow(exponents.length, inputs.size());
        for (double share : constants) {
            double constant = share * Math.exp(data.minY());
            for (double split : splits) {
                for (int c = 0; c < combinations; c++) {
                    starts.add(centredStart(data, exponents, c, constant, mean - constant, split));
                }
            }
        }
        return starts;
    }

    private double[] centredStart(
            LossData data, double[] exponents, int combination, double constant, double rest, double split) {
        double[] theta = new double[dimension()];
        int code = combination;
        for (int k = 0; k < inputs.size(); k++) {
            double exponent = exponents[code % exponents.length];
            code /= exponents.length;
            double share = k == 0 ? split : (1 - split) / (inputs.size() - 1);
            theta[k] = Math.log(rest * share) + exponent * data.meanX(k);
            theta[offset() + k] = exponent;
        }
        if (irreducible) {
            theta[inputs.size()] = Math.log(constant);
        }
        return theta;
    }
}
