package org.windtunnel.analysis.law;

import java.util.ArrayList;
import java.util.List;
import org.windtunnel.analysis.AnalysisException;

/**
 * Err(L) = eps - k exp(-gamma L): mean top-1 error of downstream tasks as a function of the loss (Gadre et al., arXiv
 * 2403.08540, eq. 5).
 */
public final class DownstreamError extends FormulaLaw {

    public DownstreamError() {
        super(
                "downstream-error",
                "Err(L) = eps - k exp(-gamma L)",
                List.of("L"),
                List.of(
                        Symbol.positive("eps", Role.SHAPE, null, 1e-6, 10),
                        Symbol.positive("k", Role.COEFFICIENT, null, 1e-6, 1e12),
                        Symbol.plain("gamma", Role.EXPONENT, "L", 0, 20, 0.25)));
    }

    @Override
    public String output() {
        return "error";
    }

    @Override
    public Scale scale() {
        return Scale.LINEAR;
    }

    @Override
    public double[] encode(double... natural) {
        if (!Double.isFinite(natural[0])) {
            throw new AnalysisException(
                    "expected L finite, found " + natural[0] + ". Leave the run out or correct it.");
        }
        return natural.clone();
    }

    @Override
    public double delta() {
        return Double.POSITIVE_INFINITY;
    }

    @Override
    protected Dual logLoss(Dual[] p, double[] x) {
        return p[0].minus(p[1].times(p[2].times(-x[0]).exp())).log();
    }

    @Override
    protected List<double[]> naturalStarts(LossData data) {
        List<double[]> starts = new ArrayList<>();
        double most = Math.exp(data.maxY());
        double least = Math.exp(data.minY());
        for (double gamma : values(0.2, 0.5, 1, 2)) {
            for (double head : values(1.02, 1.15, 1.5)) {
                double eps = head * most;
                starts.add(new double[] {eps, (eps - least) * Math.exp(gamma * data.minX(0)), gamma});
            }
        }
        return starts;
    }
}
