package org.windtunnel.analysis.law;

import java.util.ArrayList;
import java.util.List;

/** Success of k attempts at a set of tasks, pass@k (Brown et al., arXiv 2407.21787; Schaeffer et al., 2502.17578). */
public final class RepeatedSampling {
    private RepeatedSampling() {}

    /** pass(k) = exp(-a k^-b), an exponentiated power law. */
    public static Law exponentiatedPower() {
        return new ExponentiatedPower();
    }

    /**
     * fail(k) = B(alpha, beta + k) / B(alpha, beta): the mean of (1 - p)^k over tasks whose chances p follow a Beta
     * distribution; for large k a power law with exponent alpha.
     */
    public static Law betaBinomial() {
        return new BetaBinomial();
    }

    private static final class ExponentiatedPower extends FormulaLaw {

        ExponentiatedPower() {
            super(
                    "exponentiated-power",
                    "pass(k) = exp(-a k^-b)",
                    List.of("k"),
                    List.of(
                            Symbol.positive("a", Role.COEFFICIENT, "k", 1e-9, 1e6),
                            Symbol.plain("b", Role.EXPONENT, "k", 0, 10, 0.25)));
        }

        @Override
        public String output() {
            return "pass";
        }

        @Override
        protected Dual logLoss(Dual[] p, double[] x) {
            return p[0].times(p[1].powerOf(-x[0])).times(-1);
        }

        @Override
        protected List<double[]> naturalStarts(LossData data) {
            List<double[]> starts = new ArrayList<>();
            for (double b : values(0.05, 0.2, 0.5, 1)) {
                starts.add(new double[] {Math.max(1e-6, -data.minY()) * Math.exp(b * data.minX(0)), b});
            }
            return starts;
        }
    }

    private static final class BetaBinomial extends FormulaLaw {

        BetaBinomial() {
            super(
                    "beta-binomial",
                    "fail(k) = B(alpha, beta + k) / B(alpha, beta)",
                    List.of("k"),
                    List.of(
                            Symbol.positive("alpha", Role.SHAPE, "k", 1e-4, 1e4),
                            Symbol.positive("beta", Role.SHAPE, "k", 1e-4, 1e8)));
        }

        @Override
        public String output() {
            return "fail";
        }

        @Override
        protected Dual logLoss(Dual[] p, double[] x) {
            double k = Math.exp(x[0]);
            Dual sum = p[0].plus(p[1]);
            return p[1].plus(k).lnGamma().minus(p[1].lnGamma()).plus(sum.lnGamma()).minus(sum.plus(k).lnGamma());
        }

        @Override
        protected List<double[]> naturalStarts(LossData data) {
            List<double[]> starts = new ArrayList<>();
            for (double alpha : values(0.1, 0.3, 1, 3)) {
                for (double beta : values(0.5, 3, 20, 200)) {
                    starts.add(new double[] {alpha, beta});
                }
            }
            return starts;
        }
    }
}
