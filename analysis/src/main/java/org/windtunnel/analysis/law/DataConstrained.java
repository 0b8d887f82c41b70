package org.windtunnel.analysis.law;

import java.util.ArrayList;
import java.util.List;

/**
 * L(N, D, U) = E + A/N'^alpha + B/D'^beta for D tokens drawn from U unique ones (Muennighoff et al., arXiv 2305.16264,
 * eqs. 5 to 7): repetitions lose value as D' = U + U R_D* (1 - exp(-R_D/R_D*)), R_D = max(D/U - 1, 0), and parameters
 * beyond the compute-optimal number U_N for U tokens as N' = U_N + U_N R_N* (1 - exp(-R_N/R_N*)).
 *
 * <p>As published E, A, B, alpha and beta come from a fit to runs without repetition and stay fixed ({@link HeldLaw});
 * all seven can be fitted at once as well.
 */
public final class DataConstrained extends FormulaLaw {

    public DataConstrained() {
        super(
                "data-constrained",
                "L(N, D, U) = E + A/N'^alpha + B/D'^beta, D' = U (1 + R_D* (1 - exp(-R_D/R_D*))), N' likewise with R_N*",
                List.of("N", "D", "U"),
                List.of(
                        Symbol.positive("E", Role.IRREDUCIBLE, null, 1e-6, 1e3),
                        Symbol.positive("A", Role.COEFFICIENT, "N", 1e-20, 1e40),
                        Symbol.positive("B", Role.COEFFICIENT, "D", 1e-20, 1e40),
                        Symbol.plain("alpha", Role.EXPONENT, "N", 0.01, 5, 0.1),
                        Symbol.plain("beta", Role.EXPONENT, "D", 0.01, 5, 0.1),
                        Symbol.positive("R_D*", Role.SHAPE, "U", 1e-2, 1e6),
                        Symbol.positive("R_N*", Role.SHAPE, "U", 1e-2, 1e6)));
    }

    @Override
    protected Dual logLoss(Dual[] p, double[] x) {
        Dual alpha = p[3];
        Dual beta = p[4];
        Dual data = unique(p[5], Math.max(Math.exp(x[1] - x[2]) - 1, 0)).log().plus(x[2]);
        Dual dataTerm = data.times(beta).times(-1).exp().times(p[2]);
        Dual sizeTerm = lnSize(p, x).times(alpha).times(-1).exp().times(p[1]);
        return p[0].plus(sizeTerm).plus(dataTerm).log();
    }

    /** ln N'. */
    private static Dual lnSize(Dual[] p, double[] x) {
        Dual lnG = p[3].times(p[1]).log().minus(p[4].times(p[2]).log()).over(p[3].plus(p[4]));
        Dual lnOptimal = lnG.plus(lnG.plus(x[2]).times(p[4]).over(p[3]));
        Dual excess = lnOptimal.times(-1).plus(x[0]);
        if (excess.value() <= 0) {
            return p[6].times(0).plus(x[0]);
        }
        Dual repeats = excess.exp().plus(-1);
        Dual value = p[6].times(repeats.over(p[6]).saturation()).plus(1);
        return value.log().plus(lnOptimal);
    }

    /** 1 + decay (1 - exp(-repeats/decay)). */
    private static Dual unique(Dual decay, double repeats) {
        Dual ratio = decay.log().times(-1).exp().times(repeats);
        return decay.times(ratio.saturation()).plus(1);
    }

    @Override
    protected List<double[]> naturalStarts(LossData data) {
        List<double[]> starts = new ArrayList<>();
        double rest = data.meanLoss();
        for (double share : values(0.3, 0.7, 0.9)) {
            double e = share * Math.exp(data.minY());
            for (double exponent : values(0.2, 0.35, 0.6)) {
                double a = 0.5 * (rest - e) * Math.exp(exponent * data.meanX(0));
                double b = 0.5 * (rest - e) * Math.exp(exponent * data.meanX(1));
                starts.add(new double[] {e, a, b, exponent, exponent, 15, 5});
            }
        }
        // The two decays have several minima.
        double[] any = starts.get(starts.size() / 2);
        for (double repeats : geometric(1, 300, 8)) {
            for (double excess : geometric(0.5, 100, 7)) {
                starts.add(new double[] {any[0], any[1], any[2], any[3], any[4], repeats, excess});
            }
        }
        return starts;
    }
}
