package org.windtunnel.diag;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.registry.Backends;
import org.windtunnel.config.RuntimeSpec;
import org.windtunnel.config.RuntimeSpec.BackendName;
import org.windtunnel.config.RuntimeSpec.Precision;
import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.Model;
import org.windtunnel.nn.Transformer;
import org.windtunnel.nn.TransformerShape;
import org.windtunnel.nn.TransformerShape.Flavour;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

/** The sharpness against the whole Hessian of a small model, computed in double precision. */
class SharpnessTest {
    private static final TransformerShape SHAPE = new TransformerShape(
            Flavour.GPT, 4, 1, 1, 1, 4, 4, 8, 16, Activation.GELU_TANH, false, false, false, 0, 1e-5);
    private static final int SEQUENCES = 3;
    private static final int TARGETS = 12;
    private static final double Z_WEIGHT = 1e-2;

    private static double exact;

    @BeforeAll
    static void wholeHessian() {
        try (Backend backend = open(BackendName.ND4J, Precision.FP64);
                Arena memory = Arena.of(backend::allocate, backend.floatType())) {
            Model model = model(backend, memory);
            int n = model.parameters().weights().intSize();
            double[] w = model.parameters().weights().toDoubles();
            double[][] hessian = new double[n][];
            double eps = 1e-5;
            for (int i = 0; i < n; i++) {
                double[] plus = gradient(model, w, i, eps);
                double[] minus = gradient(model, w, i, -eps);
                hessian[i] = new double[n];
                for (int j = 0; j < n; j++) {
                    hessian[i][j] = (plus[j] - minus[j]) / (2 * eps);
                }
            }
            exact = largestEigenvalue(hessian);
        }
        assertThat(exact).isPositive();
    }

    private static Backend open(BackendName name, Precision precision) {
        return Backends.open(new RuntimeSpec(name, 1, precision));
    }

    private static Model model(Backend backend, Arena memory) {
        Model model = new Transformer(backend, SHAPE, ForwardMultipliers.standard(4), SEQUENCES, memory);
        Tensor weights = model.parameters().weights();
        double[] w = new double[weights.intSize()];
        Rng rng = new Rng(5, 5);
        for (int i = 0; i < w.length; i++) {
            w[i] = (float) (0.5 * rng.gaussian(i));
        }
        weights.set(w);
        int[] inputs = new int[TARGETS];
        int[] targets = new int[TARGETS];
        for (int i = 0; i < TARGETS; i++) {
            inputs[i] = (int) rng.below(1000 + i, 8);
            targets[i] = (int) rng.below(2000 + i, 8);
        }
        model.inputs().set(inputs);
        model.targets().set(targets);
        return model;
    }

    private static double[] gradient(Model model, double[] w, int i, double eps) {
        double[] moved = w.clone();
        moved[i] += eps;
        model.parameters().weights().set(moved);
        model.forwardBackward(1.0 / TARGETS, Z_WEIGHT, false, new double[3]);
        return model.parameters().gradients().toDoubles();
    }

    /** By the power iteration on H + cI, whose top is that of H once c exceeds the norm. */
    private static double largestEigenvalue(double[][] h) {
        int n = h.length;
        double shift = 0;
        for (double[] row : h) {
            double sum = 0;
            for (double x : row) {
                sum += Math.abs(x);
            }
            shift = Math.max(shift, sum);
        }
        double[] v = new double[n];
        Arrays.setAll(v, i -> 1 + 0.1 * Math.sin(i));
        double value = 0;
        for (int iteration = 0; iteration < 3000; iteration++) {
            double[] next = new double[n];
            double norm = 0;
            for (int i = 0; i < n; i++) {
                next[i] = shift * v[i];
                for (int j = 0; j < n; j++) {
                    next[i] += h[i][j] * v[j];
                }
                norm += next[i] * next[i];
            }
            norm = Math.sqrt(norm);
            for (int i = 0; i < n; i++) {
                v[i] = next[i] / norm;
            }
            value = norm - shift;
        }
        return value;
    }

    private static Sharpness.Result measure(BackendName name, Precision precision) {
        try (Backend backend = open(name, precision);
                Arena memory = Arena.of(backend::allocate, backend.floatType())) {
            Model model = model(backend, memory);
            int n = model.parameters().weights().intSize();
            Tensor copy = memory.take(n);
            backend.copy(model.parameters().weights(), copy);
            double[] before = copy.toDoubles();
            Sharpness.Result result =
                    new Sharpness(backend, model, n, Z_WEIGHT, new HostVectors(), 60, memory).measure(copy, TARGETS);
            assertThat(model.parameters().weights().toDoubles()).isEqualTo(before);
            return result;
        }
    }

    @Test
    void inSinglePrecisionWithinAPercentOfTheExactValue() {
        Sharpness.Result result = measure(BackendName.CPU, Precision.FP32);
        assertThat(result.value()).isCloseTo(exact, within(0.01 * exact));
        assertThat(result.error()).isLessThanOrEqualTo(0.01 * result.value());
        assertThat(result.passes()).isBetween(5, 130);
    }

    @Test
    void inDoublePrecisionAsWell() {
        assertThat(measure(BackendName.ND4J, Precision.FP64).value()).isCloseTo(exact, within(0.01 * exact));
    }
}
