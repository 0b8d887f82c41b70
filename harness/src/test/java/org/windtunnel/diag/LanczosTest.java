package org.windtunnel.diag;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.registry.Backends;
import org.windtunnel.config.RuntimeSpec;
import org.windtunnel.config.RuntimeSpec.BackendName;
import org.windtunnel.config.RuntimeSpec.Precision;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

class LanczosTest {
    private static Backend backend;

    @BeforeAll
    static void open() {
        backend = Backends.open(new RuntimeSpec(BackendName.CPU, 1, Precision.FP32));
    }

    @AfterAll
    static void close() {
        backend.close();
    }

    private static Arena arena() {
        return Arena.of(backend::allocate, backend.floatType());
    }

    @Test
    void aTridiagonalMatrixOfKnownEigenvalues() {
        for (int n : new int[] {1, 2, 3, 10, 40}) {
            double[] alpha = new double[n];
            double[] beta = new double[n];
            Arrays.fill(alpha, 2);
            Arrays.fill(beta, -1);
            Tridiagonal.Eigenpair top = Tridiagonal.largest(alpha, beta, n);
            double angle = Math.PI * n / (n + 1);
            assertThat(top.value()).isCloseTo(2 - 2 * Math.cos(angle), within(1e-12));
            assertThat(Math.abs(top.lastEntry()))
                    .isCloseTo(Math.abs(Math.sqrt(2.0 / (n + 1)) * Math.sin(angle * n)), within(1e-9));
        }
    }

    @Test
    void theLargestAndNotTheLargestInMagnitude() {
        double[] spectrum = new double[500];
        for (int i = 0; i < spectrum.length; i++) {
            spectrum[i] = -30 + 35.0 * i / spectrum.length;
        }
        spectrum[123] = 7.5;
        try (Arena memory = arena()) {
            Tensor[] work = {memory.take(500), memory.take(500), memory.take(500)};
            Lanczos lanczos = new Lanczos(backend, new HostVectors(), 80);
            Lanczos.Result top = lanczos.largest((x, y) -> {
                double[] v = x.toDoubles();
                for (int i = 0; i < v.length; i++) {
                    v[i] *= spectrum[i];
                }
                y.set(v);
            }, work, new Rng(1, 1), 1e-3);
            assertThat(top.value()).isCloseTo(7.5, within(1e-3));
            assertThat(top.error()).isLessThanOrEqualTo(7.5e-3);
            assertThat(top.products()).isBetween(10, 80);
        }
    }

    @Test
    void anEigenvectorAsStartEndsAtOnce() {
        try (Arena memory = arena()) {
            Tensor[] work = {memory.take(64), memory.take(64), memory.take(64)};
            Lanczos.Result top = new Lanczos(backend, new HostVectors(), 10).largest((x, y) -> {
                backend.copy(x, y);
                backend.scale(3, y);
            }, work, new Rng(1, 1), 1e-3);
            assertThat(top.value()).isCloseTo(3, within(1e-6));
            assertThat(top.products()).isEqualTo(1);
        }
    }

    /** UᵀDV with reflections for U and V, so that the singular values are D's; tall, wide and square. */
    @Test
    void topSingularValuesOfMatricesMadeToHaveThem() {
        for (int[] shape : new int[][] {{40, 130}, {130, 40}, {64, 64}, {1, 9}, {9, 1}}) {
            int rows = shape[0];
            int columns = shape[1];
            double[] u = unit(rows, 1);
            double[] v = unit(columns, 2);
            double[] w = new double[rows * columns];
            for (int i = 0; i < rows; i++) {
                for (int j = 0; j < columns; j++) {
                    for (int k = 0; k < Math.min(rows, columns); k++) {
                        double d = k == 0 ? 2.5 : 2.3 * Math.exp(-0.05 * k);
                        w[i * columns + j] += reflection(u, i, k) * d * reflection(v, j, k);
                    }
                }
            }
            try (Arena memory = arena()) {
                Tensor matrix = memory.take(rows, columns);
                matrix.set(w);
                SpectralNorm norm = new SpectralNorm(
                        backend, new HostVectors(), Math.min(rows, columns), Math.max(rows, columns), memory);
                assertThat(norm.of(matrix)).isCloseTo(2.5, within(2.5 * 2e-3));
            }
        }
    }

    /** A random matrix's top is dense; its edge is known: σ(√rows + √columns). */
    @Test
    void theEdgeOfARandomMatrix() {
        Rng rng = new Rng(3, 3);
        int n = 300;
        double[] w = new double[n * n];
        for (int i = 0; i < w.length; i++) {
            w[i] = rng.gaussian(i) / Math.sqrt(n);
        }
        try (Arena memory = arena()) {
            Tensor matrix = memory.take(n, n);
            matrix.set(w);
            assertThat(new SpectralNorm(backend, new HostVectors(), n, n, memory).of(matrix))
                    .isCloseTo(2, within(0.06));
        }
    }

    private static double[] unit(int n, int stream) {
        Rng rng = new Rng(7, stream);
        double[] x = new double[n];
        double sum = 0;
        for (int i = 0; i < n; i++) {
            x[i] = rng.gaussian(i);
            sum += x[i] * x[i];
        }
        for (int i = 0; i < n; i++) {
            x[i] /= Math.sqrt(sum);
        }
        return x;
    }

    private static double reflection(double[] u, int i, int k) {
        return (i == k ? 1 : 0) - 2 * u[i] * u[k];
    }
}
