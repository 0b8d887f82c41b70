package org.windtunnel.diag;

import java.util.Arrays;

/**
 * The largest eigenvalue of a symmetric tridiagonal matrix, by the QL iteration with implicit shifts (Golub and Van Loan,
 * Matrix Computations, section 8.3).
 */
final class Tridiagonal {
    private static final int MAX_SWEEPS = 60;

    private final double[] diagonal;
    private final double[] off;
    private final double[] last;

    private Tridiagonal(double[] alpha, double[] beta, int n) {
        this.diagonal = Arrays.copyOf(alpha, n);
        this.off = Arrays.copyOf(beta, n);
        this.off[n - 1] = 0;
        this.last = new double[n];
        this.last[n - 1] = 1;
    }

    /**
     * An eigenvalue with the last entry of its unit eigenvector, which bounds the error of a Lanczos process.
     */
    record Eigenpair(double value, double lastEntry) {}

    /**
     * @param alpha diagonal
     * @param beta beta[i] joins rows i and i + 1
     * @param n rows, at least 1
     */
    static Eigenpair largest(double[] alpha, double[] beta, int n) {
        Tridiagonal t = new Tridiagonal(alpha, beta, n);
        for (int row = 0; row < n; row++) {
            t.isolate(row);
        }
        int top = 0;
        for (int i = 1; i < n; i++) {
            if (t.diagonal[i] > t.diagonal[top]) {
                top = i;
            }
        }
        return new Eigenpair(t.diagonal[top], t.last[top]);
    }

    /** Sweeps until row {@code row} is an eigenvalue by itself. */
    private void isolate(int row) {
        for (int sweep = 0; sweep < MAX_SWEEPS; sweep++) {
            int end = row;
            while (end < diagonal.length - 1) {
                double scale = Math.abs(diagonal[end]) + Math.abs(diagonal[end + 1]);
                if (Math.abs(off[end]) <= Math.ulp(scale)) {
                    break;
                }
                end++;
            }
            if (end == row) {
                return;
            }
            sweep(row, end);
        }
    }

    private void sweep(int row, int end) {
        double half = (diagonal[row + 1] - diagonal[row]) / (2 * off[row]);
        double g = diagonal[end] - diagonal[row] + off[row] / (half + Math.copySign(Math.hypot(half, 1), half));
        double sine = 1;
        double cosine = 1;
        double shift = 0;
        for (int i = end - 1; i >= row; i--) {
            double f = sine * off[i];
            double b = cosine * off[i];
            double r = Math.hypot(f, g);
            off[i + 1] = r;
            if (r == 0) {
                diagonal[i + 1] -= shift;
                off[end] = 0;
                return;
            }
            sine = f / r;
            cosine = g / r;
            g = diagonal[i + 1] - shift;
            double t = (diagonal[i] - g) * sine + 2 * cosine * b;
            shift = sine * t;
            diagonal[i + 1] = g + shift;
            g = cosine * t - b;
            double z = last[i + 1];
            last[i + 1] = sine * last[i] + cosine * z;
            last[i] = cosine * last[i] - sine * z;
        }
        diagonal[row] -= shift;
        off[row] = g;
        off[end] = 0;
    }
}
