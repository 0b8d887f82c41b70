package org.windtunnel.backend.cpu;

import java.util.Arrays;
import org.windtunnel.backend.ImageKernels;
import org.windtunnel.backend.Shapes;
import org.windtunnel.backend.cpu.ChannelKernels.Pieces;
import org.windtunnel.tensor.Tensor;

/** The convolutional kernels of the cpu backend. */
final class CpuImages implements ImageKernels, AutoCloseable {
    private final ColumnConvolution columns;
    private final DirectConvolution direct;
    private final ChannelKernels channels;
    private final ImageNorms norms;
    private final PoolKernels pools;

    CpuImages(Engine engine) {
        columns = new ColumnConvolution(engine);
        direct = engine.lanes().width() > 1 ? new DirectConvolution(engine) : null;
        channels = new ChannelKernels(engine);
        norms = new ImageNorms(channels);
        pools = new PoolKernels(engine);
    }

    @Override
    public void channelsLast(int batch, int imageChannels, int pixels, Tensor from, Tensor to) {
        pools.channelsLast(batch, imageChannels, pixels, from, to);
    }

    @Override
    public void convolutionForward(WindowShape s, double alpha, Tensor x, Tensor filters, boolean addToY, Tensor y) {
        requireConvolution(s, x, filters, y);
        if (direct == null) {
            columns.forward(s, alpha, x, filters, addToY, y);
        } else {
            direct.forward(s, alpha, x, filters, addToY, y);
        }
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
        requireConvolution(s, x, filters, dy);
        if (direct == null) {
            columns.backward(s, alpha, x, filters, dy, dx, addToDx, dFilters, accumulate);
        } else {
            direct.backward(s, alpha, x, filters, dy, dx, addToDx, dFilters, accumulate);
        }
    }

    private static void requireConvolution(WindowShape s, Tensor x, Tensor filters, Tensor y) {
        requireImages(s, x, y);
        if (filters.size() != (long) s.out() * s.in() * s.kernel() * s.kernel()) {
            throw new IllegalArgumentException("expected filters for " + s + ", found " + filters);
        }
    }

    private static void requireImages(WindowShape s, Tensor x, Tensor y) {
        if (x.size() != (long) s.batch() * s.imageSize() || y.size() != (long) s.batch() * s.outSize()) {
            throw new IllegalArgumentException("expected images of " + s + ", found " + x + " and " + y);
        }
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
        norms.batchForward(x, gain, bias, eps, stats, runningMean, runningVar, momentum, epilogue, y);
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
        norms.batchInference(x, gain, bias, eps, runningMean, runningVar, epilogue, y);
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
        norms.batchBackward(x, gain, stats, epilogue, y, dy, dx, dSkip, addToSkip, dGain, dBias, accumulate);
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
        norms.groupForward(batch, groups, x, gain, bias, eps, stats, epilogue, y);
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
        norms.groupBackward(
                batch, groups, x, gain, stats, epilogue, y, dy, dx, dSkip, addToSkip, dGain, dBias, accumulate);
    }

    @Override
    public void shiftForward(int batch, Tensor x, Tensor bias, Tensor factors, Epilogue epilogue, Tensor y) {
        Shapes.sameSize(x, y);
        Pieces pieces = pieces(batch, factors, x);
        float[] a = channels.apply.a(pieces);
        float[] b = channels.apply.b(pieces);
        int c = pieces.channels();
        for (int i = 0; i < pieces.coefficients(); i++) {
            a[i] = (float) epilogue.scale() * (factors == null ? 1f : get(factors, i / c));
            b[i] = bias == null ? 0 : a[i] * get(bias, i % c);
        }
        channels.apply.run(x, epilogue.skip(), epilogue.relu(), y, pieces);
    }

    private Pieces pieces(int batch, Tensor factors, Tensor x) {
        return factors == null ? channels.rows(x) : channels.images(x, batch);
    }

    private static float get(Tensor x, int i) {
        return Kernel.buffer(x).get(Kernel.at(x) + i);
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
        Shapes.sameSize(dx, dy);
        Pieces pieces = pieces(batch, factors, dy);
        int c = pieces.channels();
        Tensor mask = epilogue.relu() ? y : null;
        float[] p = channels.gradient.p(pieces);
        float[] shift = channels.gradientSums.shift(pieces);
        for (int i = 0; i < pieces.coefficients(); i++) {
            p[i] = (float) epilogue.scale() * (factors == null ? 1f : get(factors, i / c));
        }
        Arrays.fill(shift, 0f);
        Arrays.fill(channels.gradient.q(pieces), 0f);
        Arrays.fill(channels.gradient.r(pieces), 0f);
        if (dBias != null) {
            channels.gradientSums.run(dy, mask, dy, pieces);
            for (int j = 0; j < c; j++) {
                double sum = accumulate ? get(dBias, j) : 0;
                for (int piece = 0; piece < pieces.count(); piece++) {
                    sum += p[pieces.coefficients(piece) + j] * channels.gradientSums.sum(piece, j);
                }
                Kernel.buffer(dBias).put(Kernel.at(dBias) + j, (float) sum);
            }
        }
        channels.gradient.run(dy, mask, dy, shift, dx, dSkip, addToSkip, pieces);
    }

    @Override
    public void gateForward(int batch, Tensor x, Tensor gates, Tensor y) {
        Shapes.sameSize(x, y);
        Pieces pieces = channels.images(x, batch);
        float[] a = channels.apply.a(pieces);
        Arrays.fill(channels.apply.b(pieces), 0f);
        for (int i = 0; i < pieces.coefficients(); i++) {
            a[i] = FloatMath.sigmoid(get(gates, i));
        }
        channels.apply.run(x, null, false, y, pieces);
    }

    @Override
    public void gateBackward(int batch, Tensor x, Tensor gates, Tensor dy, Tensor dx, Tensor dGates) {
        Shapes.sameSize(x, dy);
        Shapes.sameSize(x, dx);
        Pieces pieces = channels.images(x, batch);
        int c = pieces.channels();
        float[] shift = channels.gradientSums.shift(pieces);
        Arrays.fill(shift, 0f);
        channels.gradientSums.run(dy, null, x, pieces);
        float[] p = channels.gradient.p(pieces);
        Arrays.fill(channels.gradient.q(pieces), 0f);
        Arrays.fill(channels.gradient.r(pieces), 0f);
        for (int i = 0; i < pieces.coefficients(); i++) {
            float gate = FloatMath.sigmoid(get(gates, i));
            p[i] = gate;
            double d = channels.gradientSums.product(i / c, i % c) * gate * (1 - gate);
            Kernel.buffer(dGates).put(Kernel.at(dGates) + i, (float) d);
        }
        channels.gradient.run(dy, null, dy, shift, dx, null, false, pieces);
    }

    @Override
    public void globalAverageForward(int batch, Tensor x, Tensor y) {
        Pieces pieces = channels.images(x, batch);
        Shapes.atLeast(y, pieces.coefficients());
        channels.moments.run(x, pieces);
        int c = pieces.channels();
        for (int i = 0; i < pieces.coefficients(); i++) {
            Kernel.buffer(y).put(Kernel.at(y) + i, (float) channels.moments.mean(i / c, i % c));
        }
    }

    @Override
    public void globalAverageBackward(int batch, Tensor dy, Tensor dx, boolean addToDx) {
        Pieces pieces = channels.images(dx, batch);
        Shapes.atLeast(dy, pieces.coefficients());
        float[] b = channels.apply.b(pieces);
        for (int i = 0; i < pieces.coefficients(); i++) {
            b[i] = get(dy, i) / pieces.pieceRows();
        }
        channels.apply.run(null, addToDx ? dx : null, false, dx, pieces);
    }

    @Override
    public void averagePoolForward(WindowShape s, Tensor x, Tensor y) {
        requireImages(s, x, y);
        pools.averageForward(s, x, y);
    }

    @Override
    public void averagePoolBackward(WindowShape s, Tensor dy, Tensor dx, boolean addToDx) {
        requireImages(s, dx, dy);
        pools.averageBackward(s, dy, dx, addToDx);
    }

    @Override
    public void maxPoolForward(WindowShape s, Tensor x, Tensor y, Tensor winners) {
        requireImages(s, x, y);
        Shapes.sameSize(y, winners);
        pools.maxForward(s, x, y, winners);
    }

    @Override
    public void maxPoolBackward(WindowShape s, Tensor dy, Tensor winners, Tensor dx) {
        requireImages(s, dx, dy);
        Shapes.sameSize(dy, winners);
        pools.maxBackward(s, dy, winners, dx);
    }

    @Override
    public void close() {
        columns.close();
    }
}
