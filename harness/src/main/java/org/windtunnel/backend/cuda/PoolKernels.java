package org.windtunnel.backend.cuda;

import org.windtunnel.backend.ImageKernels.WindowShape;
import org.windtunnel.backend.Shapes;
import org.windtunnel.tensor.Tensor;

/** Pooling, gates and layout of images. */
final class PoolKernels {
    private final Calls calls;

    PoolKernels(Calls calls) {
        this.calls = calls;
    }

    /** The parameters that kernels of windows end with. */
    static Calls window(Calls call, WindowShape s) {
        return call.int32(s.height())
                .int32(s.width())
                .int32(s.in())
                .int32(s.outHeight())
                .int32(s.outWidth())
                .int32(s.kernel())
                .int32(s.stride())
                .int32(s.padding());
    }

    /** x and y hold the images of s. */
    static void requireImages(WindowShape s, Tensor x, Tensor y) {
        if (x.size() != (long) s.batch() * s.imageSize() || y.size() != (long) s.batch() * s.outSize()) {
            throw new IllegalArgumentException("expected images of " + s + ", found " + x + " and " + y);
        }
    }

    private static void requirePool(WindowShape s, Tensor x, Tensor y) {
        if (s.in() != s.out()) {
            throw new IllegalArgumentException("expected as many channels out as in, found " + s);
        }
        requireImages(s, x, y);
    }

    /** Pixels of an image, of which x holds {@code of / channels} a batch. */
    private static int pixels(Tensor x, int batch, Tensor perChannel) {
        int size = perChannel.intSize();
        if (batch < 1 || size % batch != 0 || size == 0 || x.intSize() % size != 0) {
            throw new IllegalArgumentException(
                    "expected " + batch + " images and a vector for each, found " + x + " and " + perChannel);
        }
        return x.intSize() / size;
    }

    void channelsLast(int batch, int channels, int pixels, Tensor from, Tensor to) {
        Shapes.atLeast(from, (long) batch * channels * pixels);
        Shapes.sameSize(from, to);
        calls.to("channels_last")
                .tensor(from)
                .tensor(to)
                .int32(batch * channels * pixels)
                .int32(channels)
                .int32(pixels)
                .elements((long) batch * channels * pixels);
    }

    void gateForward(int batch, Tensor x, Tensor gates, Tensor y) {
        Shapes.sameSize(x, y);
        calls.to("gate_forward")
                .tensor(x)
                .tensor(gates)
                .tensor(y)
                .int32(x.intSize())
                .int32(gates.intSize() / batch)
                .int32(pixels(x, batch, gates))
                .elements(x.size());
    }

    void gateBackward(int batch, Tensor x, Tensor gates, Tensor dy, Tensor dx, Tensor dGates) {
        Shapes.sameSize(x, dy);
        Shapes.sameSize(gates, dGates);
        imageSums(batch, x, dy, gates, 1, dGates);
        gateForward(batch, dy, gates, dx);
    }

    void globalAverageForward(int batch, Tensor x, Tensor y) {
        imageSums(batch, x, null, null, 1.0 / pixels(x, batch, y), y);
    }

    private void imageSums(int batch, Tensor x, Tensor dy, Tensor gates, double scale, Tensor out) {
        int pixels = pixels(x, batch, out);
        int width = out.intSize() / batch;
        int lanes = ImageNorms.lanes(width);
        calls.to("image_sums")
                .tensor(x)
                .tensor(dy)
                .tensor(gates)
                .int32(pixels)
                .int32(width)
                .int32(lanes)
                .float32(scale)
                .tensor(out)
                .grid(batch, Calls.blocks(width, lanes), 1);
    }

    void globalAverageBackward(int batch, Tensor dy, Tensor dx, boolean addToDx) {
        calls.to("global_average_backward")
                .tensor(dy)
                .tensor(dx)
                .int32(dx.intSize())
                .int32(dy.intSize() / batch)
                .int32(pixels(dx, batch, dy))
                .flag(addToDx)
                .elements(dx.size());
    }

    void averageForward(WindowShape s, Tensor x, Tensor y) {
        requirePool(s, x, y);
        window(calls.to("average_pool_forward").tensor(x).tensor(y).int32(y.intSize()), s).elements(y.size());
    }

    void averageBackward(WindowShape s, Tensor dy, Tensor dx, boolean addToDx) {
        requirePool(s, dx, dy);
        window(calls.to("average_pool_backward").tensor(dy).tensor(dx).int32(dx.intSize()).flag(addToDx), s)
                .elements(dx.size());
    }

    void maxForward(WindowShape s, Tensor x, Tensor y, Tensor winners) {
        requirePool(s, x, y);
        Shapes.sameSize(y, winners);
        window(calls.to("max_pool_forward").tensor(x).tensor(y).ints(winners).int32(y.intSize()), s).elements(y.size());
    }

    void maxBackward(WindowShape s, Tensor dy, Tensor winners, Tensor dx) {
        requirePool(s, dx, dy);
        Shapes.sameSize(dy, winners);
        window(calls.to("max_pool_backward").tensor(dy).ints(winners).tensor(dx).int32(dx.intSize()), s)
                .elements(dx.size());
    }
}
