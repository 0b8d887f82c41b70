package org.windtunnel.analysis.fit;

/**
 * Least-squares parabola through points (x, y), x centred on its mean, and its vertex.
 *
 * @param centre mean of x
 * @param c0 constant
 * @param c1 slope at the centre
 * @param c2 curvature over two
 * @param covariance (X'X)^-1 of the three coefficients, row by row
 * @param rss residual sum of squares
 * @param count points
 */
public record Vertex(double centre, double c0, double c1, double c2, double[] covariance, double rss, int count) {

    /** Fits points {@code from} to {@code to} exclusive; at least three distinct x. */
    public static Vertex fit(double[] x, double[] y, int from, int to) {
        int n = to - from;
        double centre = 0;
        for (int i = from; i < to; i++) {
            centre += x[i] / n;
        }
        double s2 = 0;
        double s3 = 0;
        double s4 = 0;
        double t0 = 0;
        double t1 = 0;
        double t2 = 0;
        for (int i = from; i < to; i++) {
            double u = x[i] - centre;
            s2 += u * u;
            s3 += u * u * u;
            s4 += u * u * u * u;
            t0 += y[i];
            t1 += u * y[i];
            t2 += u * u * y[i];
        }
        double[] inverse = inverse(n, s2, s3, s4);
        double c0 = inverse[0] * t0 + inverse[1] * t1 + inverse[2] * t2;
        double c1 = inverse[3] * t0 + inverse[4] * t1 + inverse[5] * t2;
        double c2 = inverse[6] * t0 + inverse[7] * t1 + inverse[8] * t2;
        double rss = 0;
        for (int i = from; i < to; i++) {
            double u = x[i] - centre;
            double r = y[i] - (c0 + u * (c1 + u * c2));
            rss += r * r;
        }
        return new Vertex(centre, c0, c1, c2, inverse, rss, n);
    }

    /** Inverse of [[n, 0, s2], [0, s2, s3], [s2, s3, s4]], the normal matrix of a centred parabola. */
    private static double[] inverse(double n, double s2, double s3, double s4) {
        double a = s2 * s4 - s3 * s3;
        double det = n * a - s2 * s2 * s2;
        double[] m = {a, s2 * s3, -s2 * s2, s2 * s3, n * s4 - s2 * s2, -n * s3, -s2 * s2, -n * s3, n * s2};
        for (int i = 0; i < m.length; i++) {
            m[i] /= det;
        }
        return m;
    }

    /** x of the vertex. */
    public double at() {
        return centre - c1 / (2 * c2);
    }

    /** y of the vertex. */
    public double value() {
        return c0 - c1 * c1 / (4 * c2);
    }

    public double predict(double x) {
        double u = x - centre;
        return c0 + u * (c1 + u * c2);
    }

    /** Standard error of the vertex by the delta method, from a variance of one y. */
    public double error(double variance) {
        double j1 = -1 / (2 * c2);
        double j2 = c1 / (2 * c2 * c2);
        double quadratic = j1 * j1 * covariance[4] + 2 * j1 * j2 * covariance[5] + j2 * j2 * covariance[8];
        return Math.sqrt(Math.max(0, quadratic * variance));
    }
}
