package org.windtunnel.analysis.law;

import java.util.ArrayList;
import java.util.List;

/**
 * L(N, D) = exp(a3 n^g3 + b3) + exp(a2 n^g2 + b2) D^-exp(a1 n^g1 + b1) with n = N/1e9 (Farseer, arXiv 2506.10972): every
 * size has its own irreducible loss, coefficient and exponent in D, each a stretched exponential of the size. It needs
 * eight sizes or more; with fewer its nine parameters are not told apart.
 */
public final class Farseer extends FormulaLaw {
    private static final double LN_BILLION = Math.log(1e9);

    public Farseer() {
        super(
                "farseer",
                "L(N, D) = exp(a3 n^g3 + b3) + exp(a2 n^g2 + b2) D^-exp(a1 n^g1 + b1), n = N/1e9",
                List.of("N", "D"),
                List.of(
                        factor("a1"), power("g1"), offset("b1"),
                        factor("a2"), power("g2"), offset("b2"),
                        factor("a3"), power("g3"), offset("b3")));
    }

    private static Symbol factor(String name) {
        return Symbol.plain(name, Role.COEFFICIENT, "N", -60, 60, 0.5);
    }

    private static Symbol power(String name) {
        return Symbol.plain(name, Role.SHAPE, "N", -1.5, 1.5, 0.1);
    }

    private static Symbol offset(String name) {
        return Symbol.plain(name, Role.SHAPE, "N", -60, 60, 0.5);
    }

    @Override
    protected Dual logLoss(Dual[] p, double[] x) {
        double n = x[0] - LN_BILLION;
        Dual exponent = stretched(p, 0, n).exp();
        Dual data = stretched(p, 3, n).minus(exponent.times(x[1])).exp();
        return stretched(p, 6, n).exp().plus(data).log();
    }

    private static Dual stretched(Dual[] p, int first, double n) {
        return p[first].times(p[first + 1].powerOf(n)).plus(p[first + 2]);
    }

    /**
     * Piecewise: a power law with constant in D for every size, then the stretched exponential that passes closest to
     * each of the three as functions of the size, for several of its powers.
     */
    @Override
    protected List<double[]> naturalStarts(LossData data) {
        List<double[]> starts = new ArrayList<>();
        FarseerPieces pieces = FarseerPieces.of(data, LN_BILLION);
        for (double g1 : values(-0.5, -0.15, 0.05, 0.3)) {
            for (double g2 : values(-0.6, -0.2, -0.05)) {
                for (double g3 : values(-0.3, -0.05, 0.2)) {
                    double[] one = pieces.exponent(g1);
                    double[] two = pieces.coefficient(g2);
                    double[] three = pieces.irreducible(g3);
                    starts.add(new double[] {one[0], g1, one[1], two[0], g2, two[1], three[0], g3, three[1]});
                }
            }
        }
        return starts;
    }
}
