package org.windtunnel.backend.nd4j;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.tensor.Tensor;

/**
 * Activation functions composed of exp, tanh and erfc; ND4J's own GELU is the sigmoid form, and its tanh form has
 * single-precision constants.
 */
final class Nd4jActivations {
    private static final double SQRT_2_OVER_PI = Math.sqrt(2 / Math.PI);
    private static final double TANH_CUBIC = 0.044715;

    private Nd4jActivations() {}

    static void forward(Activation kind, Tensor x, Tensor bias, Tensor y) {
        if (bias != null) {
            addBias(x, bias);
        }
        Ops.view(y, x.size()).assign(apply(kind, Ops.flat(x)));
    }

    static void backward(Activation kind, Tensor x, Tensor dy, Tensor dx) {
        Ops.view(dx, x.size()).assign(derivative(kind, Ops.flat(x)).muli(Ops.view(dy, x.size())));
    }

    static void addBias(Tensor x, Tensor bias) {
        long width = bias.size();
        if (x.size() % width != 0) {
            throw new IllegalArgumentException("expected rows of width " + width + ", found " + x);
        }
        Ops.view(x, x.size() / width, width).addi(Ops.view(bias, 1, width));
    }

    private static INDArray apply(Activation kind, INDArray x) {
        return switch (kind) {
            case GELU_ERF -> normalDistribution(x).muli(x);
            case GELU_TANH -> tanhArgument(x).addi(1).muli(x).muli(0.5);
            // A product, because ND4J's relu turns NaN into 0.
            case RELU -> Ops.positive(x).muli(x);
        };
    }

    private static INDArray derivative(Activation kind, INDArray x) {
        return switch (kind) {
            case GELU_ERF -> {
                INDArray density = Ops.exp(x.mul(x).muli(-0.5)).muli(1 / Math.sqrt(2 * Math.PI));
                yield density.muli(x).addi(normalDistribution(x));
            }
            case GELU_TANH -> {
                INDArray tanh = tanhArgument(x);
                INDArray slope = x.mul(x).muli(3 * TANH_CUBIC).addi(1).muli(SQRT_2_OVER_PI);
                INDArray sech2 = tanh.mul(tanh).rsubi(1);
                yield slope.muli(sech2).muli(x).addi(tanh).addi(1).muli(0.5);
            }
            case RELU -> Ops.positive(x);
        };
    }

    /** Φ(x) as erfc(-x/√2)/2, which keeps its relative precision in the left tail. */
    private static INDArray normalDistribution(INDArray x) {
        return Ops.erfc(x.mul(-1 / Math.sqrt(2))).muli(0.5);
    }

    /** tanh(√(2/π) (x + 0.044715 x³)). */
    private static INDArray tanhArgument(INDArray x) {
        INDArray inner = x.mul(x).muli(TANH_CUBIC).addi(1).muli(x).muli(SQRT_2_OVER_PI);
        return Transforms.tanh(inner, false);
    }

    static void swigluForward(Tensor gateUp, Tensor y) {
        long width = width(gateUp, y);
        long rows = y.size() / width;
        INDArray gate = half(gateUp, 0, rows, width);
        INDArray silu = Transforms.sigmoid(gate, true).muli(gate);
        Ops.view(y, rows, width).assign(silu.muli(half(gateUp, 1, rows, width)));
    }

    static void swigluBackward(Tensor gateUp, Tensor dy, Tensor dGateUp) {
        long width = width(gateUp, dy);
        long rows = dy.size() / width;
        INDArray gate = half(gateUp, 0, rows, width);
        INDArray dOut = Ops.view(dy, rows, width);
        INDArray sigmoid = Transforms.sigmoid(gate, true);
        INDArray dUp = sigmoid.mul(gate).muli(dOut);
        // silu'(g) = σ(g) (1 + g (1 - σ(g)))
        INDArray slope = sigmoid.rsub(1).muli(gate).addi(1).muli(sigmoid);
        INDArray dGate = slope.muli(half(gateUp, 1, rows, width)).muli(dOut);
        half(dGateUp, 0, rows, width).assign(dGate);
        half(dGateUp, 1, rows, width).assign(dUp);
    }

    /** F, from gateUp [N, 2F]. */
    private static long width(Tensor gateUp, Tensor y) {
        long width = gateUp.dim(gateUp.rank() - 1) / 2;
        if (gateUp.size() != 2 * y.size() || y.size() % width != 0) {
            throw new IllegalArgumentException("expected [N, 2F] and [N, F], found " + gateUp + " and " + y);
        }
        return width;
    }

    /** The gate (0) or up (1) columns of [N, 2F]. */
    private static INDArray half(Tensor gateUp, int which, long rows, long width) {
        return Ops.matrix(gateUp, which * width, rows, width, 2 * width);
    }
}
