package org.windtunnel.backend.cuda;

import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.backend.Shapes;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/** Kernels on whole tensors, element by element. */
final class FlatKernels {
    /** {@code IDENTITY} in the sources, beside the activations by their position. */
    private static final int IDENTITY = 3;

    private final Device device;
    private final Calls calls;

    FlatKernels(Device device, Calls calls) {
        this.device = device;
        this.calls = calls;
    }

    void fill(Tensor x, double value) {
        if (x.storage().dtype() == DType.INT32) {
            calls.to("fill_ints").ints(x).int64(x.size()).int32((int) value).elements(x.size());
        } else {
            calls.to("fill_floats").tensor(x).int64(x.size()).float32(value).elements(x.size());
        }
    }

    void copy(Tensor from, Tensor to) {
        Shapes.sameSize(from, to);
        device.copy(Calls.floats(from), Calls.floats(to), from.size() * Float.BYTES);
    }

    void scale(double a, Tensor x) {
        calls.to("scale").tensor(x).int64(x.size()).float32(a).elements(x.size());
    }

    void axpy(double a, Tensor x, Tensor y) {
        Shapes.sameSize(x, y);
        calls.to("axpy").tensor(x).tensor(y).int64(x.size()).float32(a).elements(x.size());
    }

    void combine(double a, Tensor x, double b, Tensor y, Tensor out) {
        Shapes.sameSize(x, y);
        Shapes.sameSize(x, out);
        calls.to("combine")
                .tensor(x)
                .tensor(y)
                .tensor(out)
                .int64(x.size())
                .float32(a)
                .float32(b)
                .elements(x.size());
    }

    void addBias(Tensor x, Tensor bias) {
        activation(IDENTITY, x, bias, x);
    }

    void activationForward(Activation kind, Tensor x, Tensor bias, Tensor y) {
        activation(kind.ordinal(), x, bias, y);
    }

    private void activation(int kind, Tensor x, Tensor bias, Tensor y) {
        Shapes.sameSize(x, y);
        int width = bias == null ? 1 : bias.intSize();
        if (x.size() % width != 0) {
            throw new IllegalArgumentException("expected rows of width " + width + ", found " + x);
        }
        calls.to("activation_forward")
                .tensor(x)
                .tensor(bias)
                .tensor(y)
                .int64(x.size())
                .int32(width)
                .int32(kind)
                .elements(x.size());
    }

    void activationBackward(Activation kind, Tensor x, Tensor d) {
        Shapes.sameSize(x, d);
        calls.to("activation_backward").tensor(x).tensor(d).int64(x.size()).int32(kind.ordinal()).elements(x.size());
    }

    void swigluForward(Tensor gateUp, Tensor y) {
        int width = gatedWidth(gateUp, y);
        calls.to("swiglu_forward").tensor(gateUp).tensor(y).int64(y.size()).int32(width).elements(y.size());
    }

    void swigluBackward(Tensor gateUp, Tensor dy, Tensor dGateUp) {
        int width = gatedWidth(gateUp, dy);
        Shapes.sameSize(gateUp, dGateUp);
        calls.to("swiglu_backward")
                .tensor(gateUp)
                .tensor(dy)
                .tensor(dGateUp)
                .int64(dy.size())
                .int32(width)
                .elements(dy.size());
    }

    /** F, from gateUp [N, 2F]. */
    private static int gatedWidth(Tensor gateUp, Tensor y) {
        int width = Shapes.columns(gateUp) / 2;
        if (gateUp.size() != 2 * y.size() || y.size() % width != 0) {
            throw new IllegalArgumentException("expected [N, 2F] and [N, F], found " + gateUp + " and " + y);
        }
        return width;
    }
}
