package org.windtunnel.analysis.law;

import java.util.ArrayList;
import java.util.List;

/**
 * S(B) = S_min (1 + B_crit/B): steps to reach one loss at batch size B (McCandlish et al., arXiv 1812.06162, eq. 2.11),
 * so that (S/S_min - 1)(BS/E_min - 1) = 1 with E_min = S_min B_crit. Fit it at several losses and then
 * B_crit = B* L^(-1/alphaB) with a power law.
 */
public final class CriticalBatch extends FormulaLaw {

    public CriticalBatch() {
        super(
                "critical-batch",
                "S(B) = S_min (1 + B_crit/B)",
                List.of("B"),
                List.of(
                        Symbol.positive("S_min", Role.COEFFICIENT, null, 1e-6, 1e15),
                        Symbol.positive("B_crit", Role.SHAPE, null, 1e-6, 1e15)));
    }

    @Override
    public String output() {
        return "S";
    }

    @Override
    public double delta() {
        return Double.POSITIVE_INFINITY;
    }

    @Override
    protected Dual logLoss(Dual[] p, double[] x) {
        return p[0].times(p[1].times(Math.exp(-x[0])).plus(1)).log();
    }

    @Override
    protected List<double[]> naturalStarts(LossData data) {
        List<double[]> starts = new ArrayList<>();
        for (double batch : geometric(Math.exp(data.minX(0)) / 10, Math.exp(data.maxX(0)) * 10, 9)) {
            starts.add(new double[] {Math.exp(data.minY()), batch});
        }
        return starts;
    }
}
