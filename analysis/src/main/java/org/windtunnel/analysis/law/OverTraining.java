package org.windtunnel.analysis.law;

import java.util.ArrayList;
import java.util.List;

/**
 * L(C, M) = E + (a M^eta + b M^-eta) C^-eta with M = D/N tokens per parameter (Gadre et al., arXiv 2403.08540, eq. 4):
 * the Chinchilla form with both exponents equal to 2 eta and C = 6ND, in the coordinates of over-training.
 */
public final class OverTraining extends FormulaLaw implements Separable {

    public OverTraining() {
        super(
                "over-training",
                "L(C, M) = E + (a M^eta + b M^-eta) C^-eta",
                List.of("C", "M"),
                List.of(
                        Symbol.positive("E", Role.IRREDUCIBLE, null, 1e-6, 1e3),
                        Symbol.positive("a", Role.COEFFICIENT, null, 1e-20, 1e40),
                        Symbol.positive("b", Role.COEFFICIENT, null, 1e-20, 1e40),
                        Symbol.plain("eta", Role.EXPONENT, "C", 0, 2, 0.1)));
    }

    @Override
    public Scale scale() {
        return Scale.LINEAR;
    }

    @Override
    public double delta() {
        return Double.POSITIVE_INFINITY;
    }

    @Override
    protected Dual logLoss(Dual[] p, double[] x) {
        Dual over = p[1].times(p[3].powerOf(x[1] - x[0]));
        Dual under = p[2].times(p[3].powerOf(-x[1] - x[0]));
        return p[0].plus(over).plus(under).log();
    }

    @Override
    public int exponents() {
        return 1;
    }

    @Override
    public double[] basis(double[] exponents, double[] x) {
        return new double[] {1, Math.exp(exponents[0] * (x[1] - x[0])), Math.exp(exponents[0] * (-x[1] - x[0]))};
    }

    @Override
    public double[] join(double[] exponents, double[] coefficients) {
        return coordinates(
                Math.max(coefficients[0], 1e-6),
                Math.max(coefficients[1], 1e-12),
                Math.max(coefficients[2], 1e-12),
                exponents[0]);
    }

    @Override
    protected List<double[]> naturalStarts(LossData data) {
        List<double[]> starts = new ArrayList<>();
        double least = Math.exp(data.minY());
        double mean = data.meanLoss();
        for (double eta : values(0.05, 0.1, 0.15, 0.25, 0.4)) {
            for (double share : values(0.1, 0.5, 0.8)) {
                double rest = (mean - share * least) / 2;
                starts.add(new double[] {
                    share * least,
                    rest * Math.exp(eta * (data.meanX(0) - data.meanX(1))),
                    rest * Math.exp(eta * (data.meanX(0) + data.meanX(1))),
                    eta
                });
            }
        }
        return starts;
    }
}
