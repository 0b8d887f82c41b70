package org.windtunnel.backend.cuda;

import org.windtunnel.backend.ImageKernels.Epilogue;
import org.windtunnel.backend.Shapes;
import org.windtunnel.tensor.Tensor;

/** Normalisation and shift of images, with the residual addition and ReLU that follow. 0 groups mean batch norm. */
final class ImageNorms {
    private static final int ROWS_A_STRIP = 64;
    private static final int MOST_STRIPS = 512;

    private final Calls calls;
    private final Workspace workspace;

    ImageNorms(Calls calls, Workspace workspace) {
        this.calls = calls;
        this.workspace = workspace;
    }

    /** Columns that the threads of a block lie side by side in. */
    static int lanes(int width) {
        return Math.min(Calls.WARP, Integer.highestOneBit(2 * width - 1));
    }

    private static int stripRows(int rows) {
        return Math.max(ROWS_A_STRIP, Calls.blocks(rows, MOST_STRIPS));
    }

    private static int strips(int rows) {
        return Calls.blocks(rows, stripRows(rows));
    }

    private static int rows(Tensor x, int width) {
        if (width < 1 || x.intSize() % width != 0) {
            throw new IllegalArgumentException("expected images of " + width + " channels, found " + x);
        }
        return x.intSize() / width;
    }

    private static int pixels(int batch, int rows, Tensor x) {
        if (batch < 1 || rows % batch != 0) {
            throw new IllegalArgumentException("expected " + batch + " images, found " + x);
        }
        return rows / batch;
    }

    private static int groupPixels(int batch, int groups, Tensor x, int width) {
        if (groups < 1 || width % groups != 0) {
            throw new IllegalArgumentException("expected groups that divide " + width + " channels, found " + groups);
        }
        return pixels(batch, rows(x, width), x);
    }

    private static void requireOutput(Tensor x, Epilogue epilogue, Tensor y) {
        Shapes.sameSize(x, y);
        if (epilogue.skip() != null) {
            Shapes.sameSize(x, epilogue.skip());
        }
    }

    void batchForward(
            Tensor x,
            Tensor gain,
            Tensor bias,
            double eps,
            Tensor stats,
            Tensor runningMean,
            Tensor runningVar,
            double momentum,
            Epilogue epilogue,
            Tensor y) {
        int width = gain.intSize();
        int rows = rows(x, width);
        int lanes = lanes(width);
        Shapes.sameSize(gain, bias);
        Shapes.atLeast(stats, 2L * width);
        requireOutput(x, epilogue, y);
        long partial = workspace.take(2L * strips(rows) * width * Float.BYTES);
        calls.to("channel_moments")
                .tensor(x)
                .int32(rows)
                .int32(width)
                .int32(lanes)
                .int32(stripRows(rows))
                .address(partial)
                .grid(Calls.blocks(width, lanes), strips(rows), 1);
        calls.to("finish_channel_moments")
                .address(partial)
                .int32(strips(rows))
                .int32(rows)
                .int32(width)
                .int32(lanes)
                .int32(stripRows(rows))
                .float32(eps)
                .tensor(stats)
                .tensor(runningMean)
                .tensor(runningVar)
                .float32(momentum)
                .grid(Calls.blocks(width, lanes), 1, 1);
        normalise(x, gain, bias, stats, rows, 0, epilogue, y);
    }

    private void normalise(
            Tensor x, Tensor gain, Tensor bias, Tensor stats, int pixels, int groups, Epilogue epilogue, Tensor y) {
        calls.to("channel_norm_forward")
                .tensor(x)
                .tensor(gain)
                .tensor(bias)
                .tensor(stats)
                .tensor(epilogue.skip())
                .tensor(y)
                .int32(x.intSize())
                .int32(gain.intSize())
                .int32(pixels)
                .int32(groups)
                .float32(epilogue.scale())
                .flag(epilogue.relu())
                .elements(x.size());
    }

    void batchInference(
            Tensor x,
            Tensor gain,
            Tensor bias,
            double eps,
            Tensor runningMean,
            Tensor runningVar,
            Epilogue epilogue,
            Tensor y) {
        rows(x, gain.intSize());
        requireOutput(x, epilogue, y);
        calls.to("channel_norm_inference")
                .tensor(x)
                .tensor(gain)
                .tensor(bias)
                .tensor(runningMean)
                .tensor(runningVar)
                .tensor(epilogue.skip())
                .tensor(y)
                .int32(x.intSize())
                .int32(gain.intSize())
                .float32(eps)
                .float32(epilogue.scale())
                .flag(epilogue.relu())
                .elements(x.size());
    }

    void batchBackward(
            Tensor x,
            Tensor gain,
            Tensor stats,
            Epilogue epilogue,
            Tensor y,
            Tensor dy,
            Tensor dx,
            Tensor dSkip,
            boolean addToSkip,
            Tensor dGain,
            Tensor dBias,
            boolean accumulate) {
        int width = gain.intSize();
        long sums = channelGradients(
                x, stats, null, rows(x, width), 0, 0, width, epilogue, y, dy, dGain, dBias, accumulate);
        differentiate(x, gain, stats, sums, 1, 0, epilogue, y, dy, dx, dSkip, addToSkip);
    }

    void groupForward(
            int batch,
            int groups,
            Tensor x,
            Tensor gain,
            Tensor bias,
            double eps,
            Tensor stats,
            Epilogue epilogue,
            Tensor y) {
        int width = gain.intSize();
        int pixels = groupPixels(batch, groups, x, width);
        Shapes.sameSize(gain, bias);
        Shapes.atLeast(stats, 2L * batch * groups);
        requireOutput(x, epilogue, y);
        calls.to("group_moments")
                .tensor(x)
                .int32(pixels)
                .int32(width)
                .int32(groups)
                .float32(eps)
                .tensor(stats)
                .grid(batch, groups, 1);
        normalise(x, gain, bias, stats, pixels, groups, epilogue, y);
    }

    void groupBackward(
            int batch,
            int groups,
            Tensor x,
            Tensor gain,
            Tensor stats,
            Epilogue epilogue,
            Tensor y,
            Tensor dy,
            Tensor dx,
            Tensor dSkip,
            boolean addToSkip,
            Tensor dGain,
            Tensor dBias,
            boolean accumulate) {
        int width = gain.intSize();
        int pixels = groupPixels(batch, groups, x, width);
        channelGradients(
                x, stats, null, rows(x, width), pixels, groups, width, epilogue, y, dy, dGain, dBias, accumulate);
        long sums = workspace.take(2L * batch * groups * Float.BYTES);
        calls.to("group_gradients")
                .tensor(x)
                .tensor(gain)
                .tensor(stats)
                .tensor(dy)
                .tensor(epilogue.relu() ? y : null)
                .int32(pixels)
                .int32(width)
                .int32(groups)
                .float32(epilogue.scale())
                .flag(epilogue.relu())
                .address(sums)
                .grid(batch, groups, 1);
        differentiate(x, gain, stats, sums, pixels, groups, epilogue, y, dy, dx, dSkip, addToSkip);
    }

    /** dBias and, unless null, dGain; returns the address of both sums, until the workspace is taken again. */
    private long channelGradients(
            Tensor x,
            Tensor stats,
            Tensor factors,
            int rows,
            int pixels,
            int groups,
            int width,
            Epilogue epilogue,
            Tensor y,
            Tensor dy,
            Tensor dGain,
            Tensor dBias,
            boolean accumulate) {
        int lanes = lanes(width);
        int vectors = x == null ? 1 : 2;
        if (dy.size() != (long) rows * width) {
            throw new IllegalArgumentException("expected a gradient of " + rows + "x" + width + ", found " + dy);
        }
        long sums = workspace.take((long) vectors * (strips(rows) + 1) * width * Float.BYTES);
        long partial = sums + (long) vectors * width * Float.BYTES;
        calls.to("channel_gradients")
                .tensor(x)
                .tensor(stats)
                .tensor(factors)
                .tensor(dy)
                .tensor(epilogue.relu() ? y : null)
                .int32(rows)
                .int32(width)
                .int32(lanes)
                .int32(stripRows(rows))
                .int32(pixels)
                .int32(groups)
                .float32(epilogue.scale())
                .flag(epilogue.relu())
                .address(partial)
                .grid(Calls.blocks(width, lanes), strips(rows), 1);
        calls.to("finish_channel_gradients")
                .address(partial)
                .int32(strips(rows))
                .int32(width)
                .int32(lanes)
                .address(sums)
                .tensor(dBias)
                .tensor(dGain)
                .flag(accumulate)
                .grid(Calls.blocks(width, lanes), 1, 1);
        return sums;
    }

    private void differentiate(
            Tensor x,
            Tensor gain,
            Tensor stats,
            long sums,
            int pixels,
            int groups,
            Epilogue epilogue,
            Tensor y,
            Tensor dy,
            Tensor dx,
            Tensor dSkip,
            boolean addToSkip) {
        Shapes.sameSize(x, dx);
        calls.to("channel_norm_backward")
                .tensor(x)
                .tensor(gain)
                .tensor(stats)
                .address(sums)
                .tensor(dy)
                .tensor(epilogue.relu() ? y : null)
                .tensor(dx)
                .tensor(dSkip)
                .int32(x.intSize())
                .int32(gain.intSize())
                .int32(pixels)
                .int32(groups)
                .float32(epilogue.scale())
                .flag(epilogue.relu())
                .flag(addToSkip)
                .elements(x.size());
    }

    void shiftForward(int batch, Tensor x, Tensor bias, Tensor factors, Epilogue epilogue, Tensor y) {
        int width = Shapes.columns(x);
        int pixels = pixels(batch, rows(x, width), x);
        requireOutput(x, epilogue, y);
        calls.to("shift_forward")
                .tensor(x)
                .tensor(bias)
                .tensor(factors)
                .tensor(epilogue.skip())
                .tensor(y)
                .int32(x.intSize())
                .int32(width)
                .int32(pixels * width)
                .float32(epilogue.scale())
                .flag(epilogue.relu())
                .elements(x.size());
    }

    void shiftBackward(
            int batch,
            Tensor factors,
            Epilogue epilogue,
            Tensor y,
            Tensor dy,
            Tensor dx,
            Tensor dSkip,
            boolean addToSkip,
            Tensor dBias,
            boolean accumulate) {
        int width = Shapes.columns(dy);
        int rows = rows(dy, width);
        int pixels = pixels(batch, rows, dy);
        Shapes.sameSize(dy, dx);
        if (dBias != null) {
            channelGradients(
                    null, null, factors, rows, pixels, 0, width, epilogue, y, dy, null, dBias, accumulate);
        }
        calls.to("shift_backward")
                .tensor(factors)
                .tensor(dy)
                .tensor(epilogue.relu() ? y : null)
                .tensor(dx)
                .tensor(dSkip)
                .int32(dy.intSize())
                .int32(pixels * width)
                .float32(epilogue.scale())
                .flag(epilogue.relu())
                .flag(addToSkip)
                .elements(dy.size());
    }
}
