package org.windtunnel.analysis.fit;

/**
 * Eigenvalues and eigenvectors of a small symmetric matrix by cyclic Jacobi rotations, which are accurate for the
 * nearly singular 2 x 2 to 8 x 8 matrices of law fits.
 */
final class SymmetricEigen {
    private static final int SWEEPS = 50;

    /** Eigenvalues, in no order. */
    final double[] values;
    /** Eigenvectors in columns: {@code vectors[i][k]} is component i of vector k. */
    final double[][] vectors;

    /** Decomposes a symmetric matrix, which is overwritten. */
    SymmetricEigen(double[][] a) {
        int n = a.length;
        values = new double[n];
        vectors = new double[n][n];
        for (int i = 0; i < n; i++) {
            vectors[i][i] = 1;
        }
        for (int sweep = 0; sweep < SWEEPS && offDiagonal(a) > 0; sweep++) {
            for (int p = 0; p < n - 1; p++) {
                for (int q = p + 1; q < n; q++) {
                    rotate(a, p, q);
                }
            }
        }
        for (int i = 0; i < n; i++) {
            values[i] = a[i][i];
        }
    }

    private static double offDiagonal(double[][] a) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            for (int j = 0; j < i; j++) {
                // Entries that no longer change a diagonal count as zero.
                double size = Math.abs(a[i][j]);
                sum += size <= 1e-17 * (Math.abs(a[i][i]) + Math.abs(a[j][j])) ? 0 : size;
            }
        }
        return sum;
    }

    private void rotate(double[][] a, int p, int q) {
        if (a[p][q] == 0) {
            return;
        }
        double theta = (a[q][q] - a[p][p]) / (2 * a[p][q]);
        double t = Math.copySign(1, theta) / (Math.abs(theta) + Math.hypot(theta, 1));
        double c = 1 / Math.hypot(t, 1);
        double s = t * c;
        for (int k = 0; k < a.length; k++) {
            double kp = a[k][p];
            a[k][p] = c * kp - s * a[k][q];
            a[k][q] = s * kp + c * a[k][q];
        }
        for (int k = 0; k < a.length; k++) {
            double pk = a[p][k];
            a[p][k] = c * pk - s * a[q][k];
            a[q][k] = s * pk + c * a[q][k];
            double v = vectors[k][p];
            vectors[k][p] = c * v - s * vectors[k][q];
            vectors[k][q] = s * v + c * vectors[k][q];
        }
        a[p][q] = 0;
        a[q][p] = 0;
    }
}
