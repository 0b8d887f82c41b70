package org.windtunnel.analysis.law;

import java.util.ArrayList;
import java.util.List;

/**
 * L(N, P) = E + (A / (N (1 + k ln P)))^alpha for P parallel streams through one model of N parameters (ParScale, arXiv
 * 2505.10475, eq. 5).
 */
public final class ParallelScaling extends FormulaLaw {

    public ParallelScaling() {
        super(
                "parscale",
                "L(N, P) = E + (A / (N (1 + k ln P)))^alpha",
                List.of("N", "P"),
                List.of(
                        Symbol.positive("E", Role.IRREDUCIBLE, null, 1e-6, 1e3),
                        Symbol.positive("A", Role.COEFFICIENT, "N", 1e-6, 1e40),
                        Symbol.plain("alpha", Role.EXPONENT, "N", 0, 10, 0.25),
                        Symbol.positive("k", Role.SHAPE, "P", 1e-6, 1e3)));
    }

    @Override
    protected Dual logLoss(Dual[] p, double[] x) {
        Dual gain = p[3].times(x[1]).plus(1).log();
        Dual size = p[1].log().plus(-x[0]).minus(gain);
        return p[0].plus(size.times(p[2]).exp()).log();
    }

    @Override
    protected List<double[]> naturalStarts(LossData data) {
        List<double[]> starts = new ArrayList<>();
        for (double share : values(0.1, 0.4, 0.7, 0.9)) {
            double e = share * Math.exp(data.minY());
            for (double alpha : values(0.05, 0.15, 0.3, 0.6, 1)) {
                double a = Math.exp(Math.log(data.meanLoss() - e) / alpha + data.meanX(0));
                for (double k : values(0.05, 0.2, 0.4, 0.8)) {
                    starts.add(new double[] {e, a, alpha, k});
                }
            }
        }
        return starts;
    }
}
