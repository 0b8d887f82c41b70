package org.windtunnel.analysis.fit;

import java.util.Arrays;
import org.windtunnel.analysis.law.Jet;
import org.windtunnel.analysis.law.Law;
import org.windtunnel.analysis.law.LossData;
import org.windtunnel.analysis.law.Scale;

/**
 * F(theta) = SUM w_i rho(r_i) with r_i = g(ln L(theta, x_i)) - g(y_i) on the data's scale g, the identity by default, and
 * Huber's rho(r) = r²/2 up to |r| = delta, delta (|r| - delta/2) beyond.
 *
 * <p>A sum, never a mean: a mean shrinks with the data and lets a minimiser stop early. A delta far above the
 * residuals is least squares, one far below is least absolute deviations. Not thread safe: buffers are reused.
 */
final class RobustObjective {
    /** Delta that stands for least absolute deviations: far below residuals, far above rounding. */
    static final double LAD_DELTA = 1e-8;

    private final Law law;
    private final LossData data;
    private final double[] weights;
    private final double delta;
    private final Jet jet;
    private final double[] packed;

    /** @param weights by point, such as how often a resample drew it; null for ones */
    RobustObjective(Law law, LossData data, double[] weights, double delta) {
        this.law = law;
        this.data = data;
        this.weights = weights;
        this.delta = Math.max(delta, LAD_DELTA);
        jet = new Jet(law.dimension());
        packed = new double[jet.hessian.length];
    }

    int dimension() {
        return law.dimension();
    }

    private double weight(int i) {
        return weights == null ? 1 : weights[i];
    }

    private double rho(double r) {
        double size = Math.abs(r);
        return size <= delta ? r * r / 2 : delta * (size - delta / 2);
    }

    /** Residual of a point on the data's scale. */
    double residual(double[] theta, int point) {
        return data.scale().of(law.value(theta, data.x(point))) - data.target(point);
    }

    /** Residual of a point, its derivatives put into the jet. */
    private double differentiate(double[] theta, int point) {
        double v = law.evaluate(theta, data.x(point), jet);
        Scale scale = data.scale();
        if (scale != Scale.LOG) {
            double slope = scale.slope(v);
            double curvature = scale.curvature(v);
            double[] g = jet.gradient;
            int k = 0;
            for (int a = 0; a < g.length; a++) {
                for (int b = 0; b <= a; b++, k++) {
                    jet.hessian[k] = slope * jet.hessian[k] + curvature * g[a] * g[b];
                }
            }
            for (int a = 0; a < g.length; a++) {
                g[a] *= slope;
            }
        }
        return scale.of(v) - data.target(point);
    }

    double value(double[] theta) {
        double sum = 0;
        for (int i = 0; i < data.size(); i++) {
            double w = weight(i);
            if (w != 0) {
                sum += w * rho(residual(theta, i));
            }
        }
        return sum;
    }

    /** Value, with the gradient and the exact Hessian put into the arguments. */
    double derivatives(double[] theta, double[] gradient, double[][] hessian) {
        return derivatives(theta, gradient, hessian, new double[gradient.length]);
    }

    /**
     * Value with derivatives, and {@code scale} filled with SUM w min(1, delta/|r|) g²: the diagonal of a matrix that
     * bounds the curvature of rho from above and stays positive where all points are in the linear zone and the
     * Hessian vanishes.
     */
    double derivatives(double[] theta, double[] gradient, double[][] hessian, double[] scale) {
        Arrays.fill(gradient, 0);
        Arrays.fill(scale, 0);
        Arrays.fill(packed, 0);
        double sum = 0;
        for (int i = 0; i < data.size(); i++) {
            double w = weight(i);
            if (w != 0) {
                sum += add(i, theta, w, gradient, scale);
            }
        }
        int k = 0;
        for (int a = 0; a < gradient.length; a++) {
            for (int b = 0; b <= a; b++, k++) {
                hessian[a][b] = packed[k];
                hessian[b][a] = packed[k];
            }
        }
        return sum;
    }

    /** Adds one point's derivatives; returns its share of the value. */
    private double add(int point, double[] theta, double w, double[] gradient, double[] scale) {
        double r = differentiate(theta, point);
        double size = Math.abs(r);
        boolean inside = size <= delta;
        double slope = w * Math.max(-delta, Math.min(delta, r));
        double curvature = inside ? w : 0;
        double bound = inside ? w : w * delta / size;
        double[] g = jet.gradient;
        double[] h = jet.hessian;
        int k = 0;
        for (int a = 0; a < g.length; a++) {
            double ga = g[a];
            double outer = curvature * ga;
            gradient[a] += slope * ga;
            scale[a] += bound * ga * ga;
            for (int b = 0; b <= a; b++, k++) {
                packed[k] += outer * g[b] + slope * h[k];
            }
        }
        return w * rho(r);
    }

    /**
     * SUM_c s_c s_c^T over clusters with s_c = SUM w psi g over a cluster's points, the middle of the sandwich covariance.
     *
     * @param cluster number of each point's cluster from 0 on; null where every point is its own
     */
    double[][] scoreProducts(double[] theta, int[] cluster) {
        int p = dimension();
        int clusters = cluster == null ? data.size() : Arrays.stream(cluster).max().orElse(-1) + 1;
        double[][] scores = new double[clusters][p];
        for (int i = 0; i < data.size(); i++) {
            double r = differentiate(theta, i);
            double psi = weight(i) * Math.max(-delta, Math.min(delta, r));
            double[] score = scores[cluster == null ? i : cluster[i]];
            for (int a = 0; a < p; a++) {
                score[a] += psi * jet.gradient[a];
            }
        }
        double[][] sum = new double[p][p];
        for (double[] score : scores) {
            for (int a = 0; a < p; a++) {
                for (int b = 0; b < p; b++) {
                    sum[a][b] += score[a] * score[b];
                }
            }
        }
        return sum;
    }
}
