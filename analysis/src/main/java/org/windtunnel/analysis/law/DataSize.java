package org.windtunnel.analysis.law;

import java.util.ArrayList;
import java.util.List;

/**
 * L(D) = E + R D^-alpha + V/D: error against the size of the training set with both regimes of Bahri et al. (arXiv
 * 2102.06701): the resolution-limited one, whose exponent depends on the data and the model, and the variance-limited
 * one, whose exponent is 1.
 */
public final class DataSize extends FormulaLaw implements Separable {

    public DataSize() {
        super(
                "data-size",
                "L(D) = E + R D^-alpha + V/D",
                List.of("D"),
                List.of(
                        Symbol.positive("E", Role.IRREDUCIBLE, null, 1e-9, 1e3),
                        Symbol.positive("R", Role.COEFFICIENT, "D", 1e-20, 1e40),
                        Symbol.plain("alpha", Role.EXPONENT, "D", 0, 0.95, 0.1),
                        Symbol.positive("V", Role.SHAPE, "D", 1e-20, 1e40)));
    }

    @Override
    protected Dual logLoss(Dual[] p, double[] x) {
        Dual resolution = p[1].times(p[2].powerOf(-x[0]));
        return p[0].plus(resolution).plus(p[3].times(Math.exp(-x[0]))).log();
    }

    @Override
    public int exponents() {
        return 1;
    }

    @Override
    public double[] basis(double[] exponents, double[] x) {
        return new double[] {1, Math.exp(-exponents[0] * x[0]), Math.exp(-x[0])};
    }

    @Override
    public double[] join(double[] exponents, double[] coefficients) {
        return coordinates(
                Math.max(coefficients[0], 1e-9),
                Math.max(coefficients[1], 1e-12),
                exponents[0],
                Math.max(coefficients[2], 1e-12));
    }

    @Override
    protected List<double[]> naturalStarts(LossData data) {
        List<double[]> starts = new ArrayList<>();
        for (double share : values(0.02, 0.4, 0.8)) {
            double e = share * Math.exp(data.minY());
            double rest = data.meanLoss() - e;
            for (double alpha : values(0.1, 0.25, 0.5, 0.8)) {
                for (double split : values(0.05, 0.5)) {
                    double resolution = (1 - split) * rest * Math.exp(alpha * data.meanX(0));
                    starts.add(new double[] {e, resolution, alpha, split * rest * Math.exp(data.meanX(0))});
                }
            }
        }
        return starts;
    }
}
