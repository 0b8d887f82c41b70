package org.windtunnel.backend.nd4j;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.windtunnel.backend.ImageKernels;
import org.windtunnel.tensor.Tensor;

/** The convolutional kernels on ND4J array operations. */
final class Nd4jImages implements ImageKernels {
    private final Scratch scratch;

    Nd4jImages(Scratch scratch) {
        this.scratch = scratch;
    }

    @Override
    public void channelsLast(int batch, int channels, int pixels, Tensor from, Tensor to) {
        scratch.run(() -> Ops.view(to, batch, pixels, channels)
                .assign(Ops.view(from, batch, channels, pixels).permute(0, 2, 1).dup('c')));
    }

    @Override
    public void convolutionForward(WindowShape s, double alpha, Tensor x, Tensor filters, boolean addToY, Tensor y) {
        scratch.run(() -> Nd4jWindows.convolutionForward(s, alpha, x, filters, addToY, y));
    }

    @Override
    public void convolutionBackward(
            WindowShape s,
            double alpha,
            Tensor x,
            Tensor filters,
            Tensor dy,
            Tensor dx,
            boolean addToDx,
            Tensor dFilters,
            boolean accumulate) {
        scratch.run(() ->
                Nd4jWindows.convolutionBackward(s, alpha, x, filters, dy, dx, addToDx, dFilters, accumulate));
    }

    private static INDArray rows(Tensor x, Tensor coefficients) {
        return Ops.view(x, x.size() / coefficients.size(), coefficients.size());
    }

    private static INDArray row(Tensor x) {
        return Ops.view(x, 1, x.size());
    }

    /** y = epilogue(v), v being [rows, C] of its own. */
    private static void finish(INDArray v, Epilogue epilogue, Tensor y) {
        v.muli(epilogue.scale());
        if (epilogue.skip() != null) {
            v.addi(Ops.view(epilogue.skip(), v.shape()));
        }
        if (epilogue.relu()) {
            v.muli(Ops.positive(v));
        }
        Ops.view(y, v.shape()).assign(v);
    }

    /** The gradient of v, of its own memory, and that of the skip. */
    private static INDArray before(Epilogue epilogue, Tensor y, INDArray dy, Tensor dSkip, boolean addToSkip) {
        INDArray d = epilogue.relu() ? dy.mul(Ops.positive(Ops.view(y, dy.shape()))) : dy.dup('c');
        if (dSkip != null) {
            Ops.store(d, Ops.view(dSkip, d.shape()), addToSkip);
        }
        return d.muli(epilogue.scale());
    }

    @Override
    public void batchNormForward(
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
        scratch.run(() -> {
            INDArray in = rows(x, gain);
            INDArray mean = in.mean(true, 0);
            INDArray centred = in.sub(mean);
            INDArray variance = centred.mul(centred).mean(true, 0);
            if (runningMean != null) {
                double unbiased = momentum * in.size(0) / Math.max(1, in.size(0) - 1);
                row(runningMean).muli(1 - momentum).addi(mean.mul(momentum));
                row(runningVar).muli(1 - momentum).addi(variance.mul(unbiased));
            }
            INDArray rstd = Ops.rsqrtInPlace(variance, eps);
            Ops.matrix(stats, 0, 1, gain.size(), gain.size()).assign(mean);
            Ops.matrix(stats, gain.size(), 1, gain.size(), gain.size()).assign(rstd);
            finish(centred.muli(rstd).muli(row(gain)).addi(row(bias)), epilogue, y);
        });
    }

    @Override
    public void batchNormInference(
            Tensor x,
            Tensor gain,
            Tensor bias,
            double eps,
            Tensor runningMean,
            Tensor runningVar,
            Epilogue epilogue,
            Tensor y) {
        scratch.run(() -> {
            INDArray rstd = Ops.rsqrtInPlace(row(runningVar).dup('c'), eps);
            INDArray normalised = rows(x, gain).sub(row(runningMean)).muli(rstd);
            finish(normalised.muli(row(gain)).addi(row(bias)), epilogue, y);
        });
    }

    @Override
    public void batchNormBackward(
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
        scratch.run(() -> {
            INDArray mean = Ops.matrix(stats, 0, 1, gain.size(), gain.size());
            INDArray rstd = Ops.matrix(stats, gain.size(), 1, gain.size(), gain.size());
            INDArray normalised = rows(x, gain).sub(mean).muli(rstd);
            INDArray d = before(epilogue, y, rows(dy, gain), dSkip, addToSkip);
            Ops.store(d.mul(normalised).sum(true, 0), row(dGain), accumulate);
            Ops.store(d.sum(true, 0), row(dBias), accumulate);
            INDArray dNormalised = d.muli(row(gain));
            INDArray along = dNormalised.mul(normalised).mean(true, 0);
            INDArray offset = dNormalised.mean(true, 0);
            INDArray result = dNormalised.subi(offset).subi(normalised.muli(along)).muli(rstd);
            rows(dx, gain).assign(result);
        });
    }

    /** [B, pixels, groups, C / groups]. */
    private static INDArray grouped(Tensor x, int batch, int groups, long channels) {
        return Ops.view(x, batch, x.size() / batch / channels, groups, channels / groups);
    }

    /** Mean (0) or rstd (1) of each image and group: [B, 1, groups, 1]. */
    private static INDArray statistic(Tensor stats, int which, int batch, int groups) {
        return Ops.strided(stats, which, new long[] {batch, 1, groups, 1}, new long[] {2L * groups, 1, 2, 1});
    }

    @Override
    public void groupNormForward(
            int batch,
            int groups,
            Tensor x,
            Tensor gain,
            Tensor bias,
            double eps,
            Tensor stats,
            Epilogue epilogue,
            Tensor y) {
        scratch.run(() -> {
            INDArray in = grouped(x, batch, groups, gain.size());
            INDArray mean = in.mean(true, 1, 3);
            INDArray centred = in.sub(mean);
            INDArray rstd = Ops.rsqrtInPlace(centred.mul(centred).mean(true, 1, 3), eps);
            statistic(stats, 0, batch, groups).assign(mean);
            statistic(stats, 1, batch, groups).assign(rstd);
            INDArray v = centred.muli(rstd).reshape(x.size() / gain.size(), gain.size());
            finish(v.muli(row(gain)).addi(row(bias)), epilogue, y);
        });
    }

    @Override
    public void groupNormBackward(
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
        scratch.run(() -> {
            INDArray rstd = statistic(stats, 1, batch, groups).dup('c');
            INDArray normalised = grouped(x, batch, groups, gain.size())
                    .sub(statistic(stats, 0, batch, groups).dup('c')).muli(rstd);
            INDArray d = before(epilogue, y, rows(dy, gain), dSkip, addToSkip);
            Ops.store(d.mul(normalised.reshape(d.shape())).sum(true, 0), row(dGain), accumulate);
            Ops.store(d.sum(true, 0), row(dBias), accumulate);
            INDArray dNormalised = d.muli(row(gain)).reshape(normalised.shape());
            INDArray along = dNormalised.mul(normalised).mean(true, 1, 3);
            INDArray offset = dNormalised.mean(true, 1, 3);
            INDArray result = dNormalised.subi(offset).subi(normalised.muli(along)).muli(rstd);
            grouped(dx, batch, groups, gain.size()).assign(result);
        });
    }

    private static INDArray images(Tensor x, int batch, long channels) {
        return Ops.view(x, batch, x.size() / batch / channels, channels);
    }

    private static long channels(Tensor x) {
        return x.dim(x.rank() - 1);
    }

    @Override
    public void shiftForward(int batch, Tensor x, Tensor bias, Tensor factors, Epilogue epilogue, Tensor y) {
        scratch.run(() -> {
            INDArray v = images(x, batch, channels(x)).dup('c');
            if (bias != null) {
                v.addi(Ops.view(bias, 1, 1, bias.size()));
            }
            if (factors != null) {
                v.muli(Ops.view(factors, batch, 1, 1));
            }
            finish(v, epilogue, y);
        });
    }

    @Override
    public void shiftBackward(
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
        scratch.run(() -> {
            INDArray d = before(epilogue, y, images(dy, batch, channels(dy)), dSkip, addToSkip);
            if (factors != null) {
                d.muli(Ops.view(factors, batch, 1, 1));
            }
            if (dBias != null) {
                Ops.store(d.sum(true, 0, 1), Ops.view(dBias, 1, 1, dBias.size()), accumulate);
            }
            Ops.view(dx, d.shape()).assign(d);
        });
    }

    private static INDArray sigmoid(Tensor gates, int batch) {
        return Transforms.sigmoid(Ops.view(gates, batch, 1, gates.size() / batch), true);
    }

    @Override
    public void gateForward(int batch, Tensor x, Tensor gates, Tensor y) {
        scratch.run(() -> {
            INDArray in = images(x, batch, gates.size() / batch);
            Ops.view(y, in.shape()).assign(in.mul(sigmoid(gates, batch)));
        });
    }

    @Override
    public void gateBackward(int batch, Tensor x, Tensor gates, Tensor dy, Tensor dx, Tensor dGates) {
        scratch.run(() -> {
            INDArray open = sigmoid(gates, batch);
            INDArray dOut = images(dy, batch, gates.size() / batch);
            INDArray slope = open.rsub(1).muli(open);
            INDArray along = dOut.mul(Ops.view(x, dOut.shape())).sum(true, 1);
            Ops.view(dGates, along.shape()).assign(along.muli(slope));
            Ops.view(dx, dOut.shape()).assign(dOut.mul(open));
        });
    }

    @Override
    public void globalAverageForward(int batch, Tensor x, Tensor y) {
        scratch.run(() -> {
            INDArray mean = images(x, batch, y.size() / batch).mean(true, 1);
            Ops.view(y, mean.shape()).assign(mean);
        });
    }

    @Override
    public void globalAverageBackward(int batch, Tensor dy, Tensor dx, boolean addToDx) {
        scratch.run(() -> {
            long channels = dy.size() / batch;
            INDArray to = images(dx, batch, channels);
            INDArray share = Ops.view(dy, batch, 1, channels).div(to.size(1)).broadcast(to.shape());
            Ops.store(share, to, addToDx);
        });
    }

    @Override
    public void averagePoolForward(WindowShape s, Tensor x, Tensor y) {
        scratch.run(() -> Nd4jWindows.averagePoolForward(s, x, y));
    }

    @Override
    public void averagePoolBackward(WindowShape s, Tensor dy, Tensor dx, boolean addToDx) {
        scratch.run(() -> Nd4jWindows.averagePoolBackward(s, dy, dx, addToDx));
    }

    @Override
    public void maxPoolForward(WindowShape s, Tensor x, Tensor y, Tensor winners) {
        scratch.run(() -> Nd4jWindows.maxPoolForward(s, x, y, winners));
    }

    @Override
    public void maxPoolBackward(WindowShape s, Tensor dy, Tensor winners, Tensor dx) {
        scratch.run(() -> Nd4jWindows.maxPoolBackward(s, dy, winners, dx));
    }
}
