package org.windtunnel.analysis.law;

/** What residuals are differences of, as a function of v = ln loss. */
public enum Scale {
    /** ln L: relative errors, the default. */
    LOG {
        @Override
        public double of(double v) {
            return v;
        }

        @Override
        public double slope(double v) {
            return 1;
        }

        @Override
        public double curvature(double v) {
            return 0;
        }
    },
    /** L itself: plain least squares of the loss. */
    LINEAR {
        @Override
        public double of(double v) {
            return Math.exp(v);
        }

        @Override
        public double slope(double v) {
            return Math.exp(v);
        }

        @Override
        public double curvature(double v) {
            return Math.exp(v);
        }
    },
    /** ln(1 + L), as broken power laws are fitted (Caballero et al., arXiv 2210.14891). */
    LOG1P {
        @Override
        public double of(double v) {
            return Math.log1p(Math.exp(v));
        }

        @Override
        public double slope(double v) {
            return 1 / (1 + Math.exp(-v));
        }

        @Override
        public double curvature(double v) {
            double s = slope(v);
            return s * (1 - s);
        }
    };

    /** Value for v = ln loss. */
    public abstract double of(double v);

    /** Its first derivative in v. */
    public abstract double slope(double v);

    /** Its second derivative in v. */
    public abstract double curvature(double v);
}
