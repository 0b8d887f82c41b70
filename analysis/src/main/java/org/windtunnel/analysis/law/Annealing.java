package org.windtunnel.analysis.law;

import java.util.ArrayList;
import java.util.List;
import org.windtunnel.analysis.AnalysisException;

/**
 * L(s) = L0 + A S1^-alpha - C S2: the loss along a run from the area under its learning rate so far and the annealing
 * area (Tissue et al., arXiv 2408.11029, eq. 2), both from {@link LearningRateTrace}; with sizes also + B N^-beta
 * (their section 5).
 */
public final class Annealing extends FormulaLaw {
    private static final Symbol[] COMMON = {
        Symbol.positive("L0", Role.IRREDUCIBLE, null, 1e-6, 1e3),
        Symbol.positive("A", Role.COEFFICIENT, "S1", 1e-12, 1e12),
        Symbol.plain("alpha", Role.EXPONENT, "S1", 0, 10, 0.25),
        Symbol.plain("C", Role.COEFFICIENT, "S2", 0, 1e9, 10)
    };

    private final boolean sizes;

    private Annealing(boolean sizes, String formula, List<String> inputs, List<Symbol> symbols) {
        super(sizes ? "annealing-sizes" : "annealing", formula, inputs, symbols);
        this.sizes = sizes;
    }

    /** For curves of one model. */
    public static Annealing ofOneModel() {
        return new Annealing(false, "L(s) = L0 + A S1^-alpha - C S2", List.of("S1", "S2"), List.of(COMMON));
    }

    /** For curves of models of several sizes. */
    public static Annealing ofSizes() {
        List<Symbol> symbols = new ArrayList<>(List.of(COMMON));
        symbols.add(Symbol.positive("B", Role.COEFFICIENT, "N", 1e-12, 1e30));
        symbols.add(Symbol.plain("beta", Role.EXPONENT, "N", 0, 10, 0.25));
        return new Annealing(
                true, "L(s, N) = L0 + A S1^-alpha - C S2 + B N^-beta", List.of("S1", "S2", "N"), symbols);
    }

    @Override
    public double[] encode(double... natural) {
        if (!(natural[0] > 0) || !Double.isFinite(natural[1])) {
            throw new AnalysisException("expected S1 positive and S2 finite, found " + natural[0] + " and " + natural[1]
                    + ". Leave steps before the first update out.");
        }
        double[] x = natural.clone();
        x[0] = Math.log(natural[0]);
        if (sizes) {
            x[2] = Math.log(natural[2]);
        }
        return x;
    }

    @Override
    protected Dual logLoss(Dual[] p, double[] x) {
        Dual loss = p[0].plus(p[1].times(p[2].powerOf(-x[0]))).minus(p[3].times(x[1]));
        return (sizes ? loss.plus(p[4].times(p[5].powerOf(-x[2]))) : loss).log();
    }

    @Override
    protected List<double[]> naturalStarts(LossData data) {
        double least = Math.exp(data.minY());
        double drop = data.meanLoss() - least;
        double reach = Math.max(1e-12, data.maxX(1));
        List<double[]> starts = new ArrayList<>();
        for (double floor : values(0.7, 0.85, 0.95)) {
            for (double alpha : values(0.2, 0.4, 0.6, 0.9)) {
                for (double share : values(0, 1)) {
                    double rest = data.meanLoss() - floor * least;
                    double a = (sizes ? rest / 2 : rest) * Math.exp(alpha * data.meanX(0));
                    double c = share * drop / reach;
                    starts.add(
                            sizes
                                    ? new double[] {
                                        floor * least, a, alpha, c, rest / 2 * Math.exp(0.3 * data.meanX(2)), 0.3
                                    }
                                    : new double[] {floor * least, a, alpha, c});
                }
            }
        }
        return starts;
    }
}
