package org.windtunnel.backend.cuda;

import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.backend.Shapes;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/** Kernels on whole tensors, element by element. */
final class FlatKernels {
    /** {@code IDENTITY} in the sources, beside the activations by their position. */
    private static final int IDENTITY = 3;
    /** Elements that a thread of a kernel in bf16 takes at once; {@code GROUP} in the sources. */
    private static final int GROUP = 8;

    private final Device device;
    private final Calls calls;

    FlatKernels(Device device, Calls calls) {
        this.device = device;
        this.calls = calls;
    }

    void fill(Tensor x, double value) {
        if (x.storage().dtype() == DType.INT32) {
            calls.to("fill_ints").ints(x).int64(x.size()).int32((int) value).elements(x.size());
        } else if (Calls.isRounded(x)) {
            calls.to("fill_bf16").either(x).int64(x.size()).float32(value).elements(x.size());
        } else {
            calls.to("fill_floats").tensor(x).int64(x.size()).float32(value).elements(x.size());
        }
    }

    void copy(Tensor from, Tensor to) {
        Shapes.sameSize(from, to);
        if (from.storage().dtype() == to.storage().dtype()) {
            int bytes = from.storage().dtype().bytes();
            device.copy(Calls.numbers(from), Calls.numbers(to), from.size() * bytes);
        } else if (Calls.isRounded(from)) {
            calls.to("widen").either(from).tensor(to).int64(from.size()).elements(from.size());
        } else if (Calls.numbers(to) % GemmKernels.ALIGNMENT == 0) {
            GemmKernels.round(calls, Calls.floats(from), 1, from.intSize(), from.intSize(), Calls.numbers(to));
        } else {
            calls.to("narrow").tensor(from).either(to).int64(from.size()).elements(from.size());
        }
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
        calls.to(of("activation_forward", x, y))
                .either(x)
                .tensor(bias)
                .either(y)
                .int64(x.size())
                .int32(width)
                .int32(kind)
                .elements(threads(y));
    }

    void activationBackward(Activation kind, Tensor x, Tensor dy, Tensor dx) {
        Shapes.sameSize(x, dy);
        Shapes.sameSize(x, dx);
        calls.to(of("activation_backward", x, dy, dx))
                .either(x)
                .either(dy)
                .either(dx)
                .int64(x.size())
                .int32(kind.ordinal())
                .elements(threads(dx));
    }

    /** The kernel for tensors that are all fp32, or all bf16. */
    private static String of(String kernel, Tensor... tensors) {
        boolean rounded = Calls.isRounded(tensors[0]);
        for (Tensor x : tensors) {
            if (Calls.isRounded(x) != rounded) {
                throw new IllegalArgumentException("expected tensors of one type for " + kernel + ", found one of "
                        + tensors[0].storage().dtype() + " and one of " + x.storage().dtype());
            }
        }
        return rounded ? kernel + "_bf16" : kernel;
    }

    /** For elements that a kernel takes one by one, or in groups where they are bf16. */
    private static long threads(Tensor x) {
        return Calls.isRounded(x) ? (x.size() + GROUP - 1) / GROUP : x.size();
    }

    /** The same in bf16, with the gradient of a bias summed up on the way, before rounding. */
    void activationBackward(
            Activation kind, Tensor x, Tensor dy, Tensor dx, Tensor dBias, boolean accumulate, Reductions reductions) {
        int rows = Shapes.rows(x);
        int width = Shapes.columns(x);
        Shapes.sameSize(x, dy);
        Shapes.sameSize(x, dx);
        Shapes.atLeast(dBias, width);
        long partial = reductions.strips(rows, width, 1);
        calls.to(of("activation_backward_columns", x, dy, dx))
                .either(x)
                .either(dy)
                .either(dx)
                .int32(rows)
                .int32(width)
                .int32(Reductions.stripRows(rows))
                .address(partial)
                .int32(kind.ordinal())
                .grid(Calls.blocks(width, Calls.WARP * GROUP), Reductions.strips(rows), 1);
        reductions.finishColumns(partial, rows, width, dBias, accumulate);
    }

    void swigluForward(Tensor gateUp, Tensor y) {
        int width = gatedWidth(gateUp, y);
        calls.to(of("swiglu_forward", gateUp, y))
                .either(gateUp)
                .either(y)
                .int64(y.size())
                .int32(width)
                .elements(threads(y));
    }

    void swigluBackward(Tensor gateUp, Tensor dy, Tensor dGateUp) {
        int width = gatedWidth(gateUp, dy);
        Shapes.sameSize(gateUp, dGateUp);
        calls.to(of("swiglu_backward", gateUp, dy, dGateUp))
                .either(gateUp)
                .either(dy)
                .either(dGateUp)
                .int64(dy.size())
                .int32(width)
                .elements(threads(dy));
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
