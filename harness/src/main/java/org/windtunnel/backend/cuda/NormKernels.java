package org.windtunnel.backend.cuda;

import org.windtunnel.backend.BranchSum;
import org.windtunnel.backend.Shapes;
import org.windtunnel.tensor.Tensor;

/** Layer and RMS normalisation. Gradients of gain and bias come first, for dx may overwrite dy. */
final class NormKernels {
    private final Calls calls;
    private final Reductions reductions;

    NormKernels(Calls calls, Reductions reductions) {
        this.calls = calls;
        this.reductions = reductions;
    }

    void layerNormForward(Tensor x, Tensor gain, Tensor bias, double eps, Tensor y, Tensor stats) {
        int width = gain.intSize();
        int rows = rows(x, width);
        Shapes.sameSize(x, y);
        Shapes.atLeast(stats, 2L * rows);
        calls.to(Calls.isRounded(y) ? "layer_norm_forward_bf16" : "layer_norm_forward")
                .tensor(x)
                .tensor(gain)
                .tensor(bias)
                .either(y)
                .tensor(stats)
                .int32(rows)
                .int32(width)
                .float32(eps)
                .warps(rows);
    }

    void addLayerNormForward(BranchSum sum, Tensor gain, Tensor bias, double eps, Tensor y, Tensor stats) {
        int width = gain.intSize();
        int rows = rows(sum.stream(), width);
        Shapes.sameSize(sum.stream(), y);
        Shapes.atLeast(stats, 2L * rows);
        sum(Calls.isRounded(y) ? "add_layer_norm_forward_bf16" : "add_layer_norm_forward", sum)
                .tensor(gain)
                .tensor(bias)
                .either(y)
                .tensor(stats)
                .int32(rows)
                .int32(width)
                .float32(eps)
                .warps(rows);
    }

    void addRmsNormForward(BranchSum sum, Tensor gain, double eps, Tensor y, Tensor rstd) {
        int width = gain.intSize();
        int rows = rows(sum.stream(), width);
        Shapes.sameSize(sum.stream(), y);
        Shapes.atLeast(rstd, rows);
        sum(Calls.isRounded(y) ? "add_rms_norm_forward_bf16" : "add_rms_norm_forward", sum)
                .tensor(gain)
                .either(y)
                .tensor(rstd)
                .int32(rows)
                .int32(width)
                .float32(eps)
                .warps(rows);
    }

    private Calls sum(String kernel, BranchSum sum) {
        Shapes.sameSize(sum.stream(), sum.before());
        Shapes.sameSize(sum.stream(), sum.branch());
        return calls.to(kernel).tensor(sum.before()).tensor(sum.branch()).tensor(sum.bias()).tensor(sum.stream());
    }

    void layerNormBackward(
            Tensor x,
            Tensor gain,
            Tensor stats,
            Tensor dy,
            Tensor dx,
            boolean addToDx,
            Tensor dGain,
            Tensor dBias,
            boolean accumulate,
            Tensor rounded) {
        int width = gain.intSize();
        int rows = rows(x, width);
        Shapes.sameSize(x, dy);
        Shapes.sameSize(x, dx);
        requireRounded(x, rounded);
        Shapes.atLeast(stats, 2L * rows);
        long gains = reductions.strips(rows, width, 2);
        long biases = dBias == null ? 0 : gains + (long) Reductions.strips(rows) * width * Float.BYTES;
        calls.to("layer_norm_parameters")
                .tensor(x)
                .tensor(stats)
                .tensor(dy)
                .int32(rows)
                .int32(width)
                .int32(Reductions.stripRows(rows))
                .address(gains)
                .address(biases)
                .grid(Reductions.columnBlocks(width), Reductions.strips(rows), 1);
        reductions.finishColumns(gains, rows, width, dGain, accumulate);
        if (dBias != null) {
            reductions.finishColumns(biases, rows, width, dBias, accumulate);
        }
        calls.to("layer_norm_backward")
                .tensor(x)
                .tensor(gain)
                .tensor(stats)
                .tensor(dy)
                .tensor(dx)
                .rounded(rounded)
                .int32(rows)
                .int32(width)
                .flag(addToDx)
                .warps(rows);
    }

    private static void requireRounded(Tensor x, Tensor rounded) {
        if (rounded != null) {
            Shapes.sameSize(x, rounded);
        }
    }

    private static int rows(Tensor x, int width) {
        if (x.size() % width != 0) {
            throw new IllegalArgumentException("expected rows of width " + width + ", found " + x);
        }
        return Math.toIntExact(x.size() / width);
    }

    void rmsNormForward(
            int rows, int groups, int width, Tensor x, int ldx, Tensor gain, double eps, Tensor y, int ldy, Tensor rstd) {
        Shapes.fits(x, rows, groups * width, ldx);
        Shapes.fits(y, rows, groups * width, ldy);
        Shapes.atLeast(rstd, (long) rows * groups);
        calls.to(Calls.isRounded(y) ? "rms_norm_forward_bf16" : "rms_norm_forward")
                .tensor(x)
                .int64(ldx)
                .tensor(gain)
                .either(y)
                .int64(ldy)
                .tensor(rstd)
                .int32(rows)
                .int32(groups)
                .int32(width)
                .float32(eps)
                .warps((long) rows * groups);
    }

    void rmsNormBackward(
            int rows,
            int groups,
            int width,
            Tensor x,
            int ldx,
            Tensor gain,
            Tensor rstd,
            Tensor dy,
            int ldy,
            Tensor dx,
            boolean addToDx,
            Tensor dGain,
            boolean accumulate,
            Tensor rounded) {
        int items = Math.multiplyExact(rows, groups);
        Shapes.fits(x, rows, groups * width, ldx);
        Shapes.fits(dy, rows, groups * width, ldy);
        Shapes.fits(dx, rows, groups * width, ldx);
        Shapes.atLeast(rstd, items);
        requireRounded(dx, rounded);
        long gains = reductions.strips(items, width, 1);
        calls.to("rms_norm_parameters")
                .tensor(x)
                .int64(ldx)
                .tensor(rstd)
                .tensor(dy)
                .int64(ldy)
                .int32(items)
                .int32(groups)
                .int32(width)
                .int32(Reductions.stripRows(items))
                .address(gains)
                .grid(Reductions.columnBlocks(width), Reductions.strips(items), 1);
        reductions.finishColumns(gains, items, width, dGain, accumulate);
        boolean rounds = Calls.isRounded(dx);
        if (rounds && (addToDx || rounded != null)) {
            throw new IllegalArgumentException("expected a gradient to add to or to round in fp32, found one in bf16");
        }
        calls.to(rounds ? "rms_norm_backward_bf16" : "rms_norm_backward")
                .tensor(x)
                .int64(ldx)
                .tensor(gain)
                .tensor(rstd)
                .tensor(dy)
                .int64(ldy)
                .either(dx);
        if (!rounds) {
            calls.rounded(rounded);
        }
        calls.int32(rows).int32(groups).int32(width);
        if (!rounds) {
            calls.flag(addToDx);
        }
        calls.warps(items);
    }
}
