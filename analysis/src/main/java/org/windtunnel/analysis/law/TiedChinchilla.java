package org.windtunnel.analysis.law;

import java.util.ArrayList;
import java.util.List;

/** L(N, D) = E + A N^-alpha + B D^-alpha: the Chinchilla form with one exponent, so that D/N stays constant. */
public final class TiedChinchilla extends FormulaLaw implements Separable {

    public TiedChinchilla() {
        super(
                "chinchilla-tied",
                "L(N, D) = E + A N^-alpha + B D^-alpha",
                List.of("N", "D"),
                List.of(
                        Symbol.positive("E", Role.IRREDUCIBLE, null, 1e-6, 1e3),
                        Symbol.positive("A", Role.COEFFICIENT, "N", 1e-20, 1e40),
                        Symbol.positive("B", Role.COEFFICIENT, "D", 1e-20, 1e40),
                        Symbol.plain("alpha", Role.EXPONENT, "N", 0, 10, 0.25)));
    }

    @Override
    protected Dual logLoss(Dual[] p, double[] x) {
        Dual size = p[1].times(p[3].powerOf(-x[0]));
        return p[0].plus(size).plus(p[2].times(p[3].powerOf(-x[1]))).log();
    }

    @Override
    public int exponents() {
        return 1;
    }

    @Override
    public double[] basis(double[] exponents, double[] x) {
        return new double[] {1, Math.exp(-exponents[0] * x[0]), Math.exp(-exponents[0] * x[1])};
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
        for (double share : values(0.02, 0.3, 0.6, 0.9)) {
            double e = share * Math.exp(data.minY());
            for (double alpha : values(0.1, 0.2, 0.35, 0.5, 0.8)) {
                for (double split : values(0.2, 0.5, 0.8)) {
                    double rest = data.meanLoss() - e;
                    starts.add(new double[] {
                        e,
                        split * rest * Math.exp(alpha * data.meanX(0)),
                        (1 - split) * rest * Math.exp(alpha * data.meanX(1)),
                        alpha
                    });
                }
            }
        }
        return starts;
    }
}
