package org.windtunnel.analysis.law;

import java.util.ArrayList;
import java.util.List;

/**
 * L(N, D, U) = E + A/N'^alpha + B/D'^beta for D tokens drawn from U unique ones (Muennighoff et al., arXiv 2305.16264,
 * eqs. 5 to 7): repetitions lose value as D' = U + U R_D* (1 - exp(-R_D/R_D*)), R_D = max(D/U - 1, 0), and parameters
 * beyond the compute-optimal number U_N for U tokens as N' = U_N + U_N R_N* (1 - exp(-R_N/R_N*)).
 *
 * <p>E, A, B, alpha, beta come from a fit to runs without repetition and stay fixed; R_D* and R_N* are fitted.
 */
public final class DataConstrained extends FormulaLaw {
    private final Base base;
    private final double g;

    /**
     * The law without repetition.
     *
     * @param e irreducible loss, nats
     * @param a coefficient of N
     * @param b coefficient of D
     * @param alpha exponent of N
     * @param beta exponent of D
     */
    public record Base(double e, double a, double b, double alpha, double beta) {}

    public DataConstrained(Base base) {
        super(
                "data-constrained",
                "L(N, D, U) = E + A/N'^alpha + B/D'^beta, D' = U (1 + R_D* (1 - exp(-R_D/R_D*)))",
                List.of("N", "D", "U"),
                List.of(
                        Symbol.positive("R_D*", Role.SHAPE, "D", 1e-2, 1e6),
                        Symbol.positive("R_N*", Role.SHAPE, "N", 1e-2, 1e6)));
        this.base = base;
        g = Math.pow(base.alpha * base.a / (base.beta * base.b), 1 / (base.alpha + base.beta));
    }

    /** The law without repetition that this one builds on. */
    public Base base() {
        return base;
    }

    @Override
    protected Dual logLoss(Dual[] p, double[] x) {
        double n = Math.exp(x[0]);
        double u = Math.exp(x[2]);
        double optimal = g * Math.pow(g * u, base.beta / base.alpha);
        double used = Math.min(n, optimal);
        Dual size = effective(used, Math.max(n / used - 1, 0), p[1]);
        Dual data = effective(u, Math.max(Math.exp(x[1] - x[2]) - 1, 0), p[0]);
        Dual sizeTerm = size.log().times(-base.alpha).exp().times(base.a);
        Dual dataTerm = data.log().times(-base.beta).exp().times(base.b);
        return sizeTerm.plus(dataTerm).plus(base.e).log();
    }

    /** unique (1 + decay (1 - exp(-repeats/decay))). */
    private static Dual effective(double unique, double repeats, Dual decay) {
        Dual ratio = decay.log().times(-1).exp().times(repeats);
        return decay.times(ratio.saturation()).plus(1).times(unique);
    }

    @Override
    protected List<double[]> naturalStarts(LossData data) {
        List<double[]> starts = new ArrayList<>();
        for (double repeats : geometric(1, 300, 8)) {
            for (double excess : geometric(0.5, 100, 7)) {
                starts.add(new double[] {repeats, excess});
            }
        }
        return starts;
    }
}
