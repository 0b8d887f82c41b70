package org.windtunnel.analysis.law;

import java.util.ArrayList;
import java.util.List;

/** The forms of Kaplan et al. (arXiv 2001.08361) in two inputs; those in one are {@link PowerSum}. */
public final class Kaplan {
    private Kaplan() {}

    /** L(N, D) = ((Nc/N)^(alphaN/alphaD) + Dc/D)^alphaD, their eq. 1.5. */
    public static Law sizeAndData() {
        return new SizeAndData();
    }

    /** L(N, S) = (Nc/N)^alphaN + (Sc/S)^alphaS for S steps at a batch far above the critical one, their eq. 1.6. */
    public static Law sizeAndSteps() {
        return new SizeAndSteps();
    }

    private static Symbol positive(String name, String input) {
        return Symbol.positive(name, Law.Role.COEFFICIENT, input, 1e-20, 1e60);
    }

    private static Symbol exponent(String name, String input) {
        return Symbol.plain(name, Law.Role.EXPONENT, input, 1e-3, 5, 0.1);
    }

    private static final class SizeAndData extends FormulaLaw {

        SizeAndData() {
            super(
                    "kaplan",
                    "L(N, D) = ((Nc/N)^(alphaN/alphaD) + Dc/D)^alphaD",
                    List.of("N", "D"),
                    List.of(
                            positive("Nc", "N"), positive("Dc", "D"),
                            exponent("alphaN", "N"), exponent("alphaD", "D")));
        }

        @Override
        protected Dual logLoss(Dual[] p, double[] x) {
            Dual size = p[0].log().plus(-x[0]).times(p[2].over(p[3])).exp();
            return size.plus(p[1].times(Math.exp(-x[1]))).log().times(p[3]);
        }

        @Override
        protected List<double[]> naturalStarts(LossData data) {
            List<double[]> starts = new ArrayList<>();
            for (double alphaN : values(0.04, 0.08, 0.15, 0.3)) {
                for (double alphaD : values(0.05, 0.1, 0.2, 0.4)) {
                    for (double share : values(0.2, 0.5, 0.8)) {
                        double root = Math.exp(Math.log(data.meanLoss()) / alphaD);
                        double dc = (1 - share) * root * Math.exp(data.meanX(1));
                        double nc = Math.exp(Math.log(share * root) * alphaD / alphaN + data.meanX(0));
                        starts.add(new double[] {nc, dc, alphaN, alphaD});
                    }
                }
            }
            return starts;
        }
    }

    private static final class SizeAndSteps extends FormulaLaw {

        SizeAndSteps() {
            super(
                    "kaplan-steps",
                    "L(N, S) = (Nc/N)^alphaN + (Sc/S)^alphaS",
                    List.of("N", "S"),
                    List.of(
                            positive("Nc", "N"), positive("Sc", "S"),
                            exponent("alphaN", "N"), exponent("alphaS", "S")));
        }

        @Override
        protected Dual logLoss(Dual[] p, double[] x) {
            Dual size = p[0].log().plus(-x[0]).times(p[2]).exp();
            return size.plus(p[1].log().plus(-x[1]).times(p[3]).exp()).log();
        }

        @Override
        protected List<double[]> naturalStarts(LossData data) {
            List<double[]> starts = new ArrayList<>();
            for (double alphaN : values(0.04, 0.08, 0.15, 0.3)) {
                for (double alphaS : values(0.2, 0.5, 0.8, 1.2)) {
                    for (double share : values(0.5, 0.8, 0.95)) {
                        double nc = Math.exp(Math.log(share * data.meanLoss()) / alphaN + data.meanX(0));
                        double sc = Math.exp(Math.log((1 - share) * data.meanLoss()) / alphaS + data.meanX(1));
                        starts.add(new double[] {nc, sc, alphaN, alphaS});
                    }
                }
            }
            return starts;
        }
    }
}
