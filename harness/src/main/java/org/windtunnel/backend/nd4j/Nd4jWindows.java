package org.windtunnel.backend.nd4j;

import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.windtunnel.backend.ImageKernels.WindowShape;
import org.windtunnel.tensor.Tensor;

/**
 * Convolution and pooling, one position of the window at a time: the pixels that it sees there are a strided view of the
 * padded images.
 */
final class Nd4jWindows {
    private static final double BELOW_ALL = -1e30;

    private Nd4jWindows() {}

    /** What one position of the window does. */
    private interface Position {
        /** @param seen [B, H', W', in] view of the padded images */
        void at(int ky, int kx, INDArray seen);
    }

    private static INDArray constant(DataType type, double value, long... shape) {
        return Nd4j.createUninitialized(type, shape).assign(value);
    }

    private static INDArray padded(WindowShape s, Tensor x, double padding) {
        INDArray images = Ops.view(x, s.batch(), s.height(), s.width(), s.in());
        INDArray padded = constant(images.dataType(), padding, s.batch(), paddedHeight(s), paddedWidth(s), s.in());
        inner(s, padded).assign(images);
        return padded;
    }

    private static long paddedHeight(WindowShape s) {
        return s.height() + 2L * s.padding();
    }

    private static long paddedWidth(WindowShape s) {
        return s.width() + 2L * s.padding();
    }

    /** The images within the padding. */
    private static INDArray inner(WindowShape s, INDArray padded) {
        long row = paddedWidth(s) * s.in();
        return Nd4j.create(padded.data(), new long[] {s.batch(), s.height(), s.width(), s.in()},
                new long[] {paddedHeight(s) * row, row, s.in(), 1}, s.padding() * (row + s.in()), 'c');
    }

    private static void each(WindowShape s, INDArray padded, Position position) {
        long row = paddedWidth(s) * s.in();
        long[] shape = {s.batch(), s.outHeight(), s.outWidth(), s.in()};
        long[] strides = {paddedHeight(s) * row, s.stride() * row, (long) s.stride() * s.in(), 1};
        for (int ky = 0; ky < s.kernel(); ky++) {
            for (int kx = 0; kx < s.kernel(); kx++) {
                position.at(ky, kx, Nd4j.create(padded.data(), shape, strides, ky * row + (long) kx * s.in(), 'c'));
            }
        }
    }

    private static long rows(WindowShape s) {
        return (long) s.batch() * s.outHeight() * s.outWidth();
    }

    /** [out, in] of the filters at one position. */
    private static INDArray filter(WindowShape s, Tensor filters, int ky, int kx) {
        long taps = (long) s.kernel() * s.kernel();
        return Ops.strided(filters, (long) ky * s.kernel() + kx, new long[] {s.out(), s.in()},
                new long[] {s.in() * taps, taps});
    }

    static void convolutionForward(
            WindowShape s, double alpha, Tensor x, Tensor filters, boolean addToY, Tensor y) {
        INDArray out = Ops.view(y, rows(s), s.out());
        INDArray sum = constant(out.dataType(), 0, rows(s), s.out());
        each(s, padded(s, x, 0), (ky, kx, seen) -> sum.addi(
                seen.dup('c').reshape(rows(s), s.in()).mmul(filter(s, filters, ky, kx).dup('c').transpose())));
        Ops.store(sum.muli(alpha), out, addToY);
    }

    static void convolutionBackward(
            WindowShape s,
            double alpha,
            Tensor x,
            Tensor filters,
            Tensor dy,
            Tensor dx,
            boolean addToDx,
            Tensor dFilters,
            boolean accumulate) {
        INDArray dOut = Ops.view(dy, rows(s), s.out()).mul(alpha);
        if (dFilters != null) {
            each(s, padded(s, x, 0), (ky, kx, seen) -> Ops.store(
                    dOut.transpose().mmul(seen.dup('c').reshape(rows(s), s.in())),
                    filter(s, dFilters, ky, kx), accumulate));
        }
        if (dx != null) {
            INDArray sum = constant(dOut.dataType(), 0, s.batch(), paddedHeight(s), paddedWidth(s), s.in());
            each(s, sum, (ky, kx, seen) -> seen.addi(dOut.mmul(filter(s, filters, ky, kx).dup('c'))
                    .dup('c').reshape(seen.shape())));
            Ops.store(inner(s, sum), Ops.view(dx, s.batch(), s.height(), s.width(), s.in()), addToDx);
        }
    }

    /** 1 / pixels in each window, padding left out: [B, H', W', C]. */
    private static INDArray shares(WindowShape s, DataType type) {
        INDArray padded = constant(type, 0, s.batch(), paddedHeight(s), paddedWidth(s), s.in());
        inner(s, padded).assign(1);
        INDArray count = constant(type, 0, s.batch(), s.outHeight(), s.outWidth(), s.in());
        each(s, padded, (ky, kx, seen) -> count.addi(seen));
        return count.rdivi(1);
    }

    static void averagePoolForward(WindowShape s, Tensor x, Tensor y) {
        INDArray padded = padded(s, x, 0);
        INDArray sum = constant(padded.dataType(), 0, s.batch(), s.outHeight(), s.outWidth(), s.in());
        each(s, padded, (ky, kx, seen) -> sum.addi(seen));
        Ops.view(y, sum.shape()).assign(sum.muli(shares(s, sum.dataType())));
    }

    static void averagePoolBackward(WindowShape s, Tensor dy, Tensor dx, boolean addToDx) {
        INDArray dOut = Ops.view(dy, s.batch(), s.outHeight(), s.outWidth(), s.in());
        INDArray shared = dOut.mul(shares(s, dOut.dataType()));
        INDArray sum = constant(dOut.dataType(), 0, s.batch(), paddedHeight(s), paddedWidth(s), s.in());
        each(s, sum, (ky, kx, seen) -> seen.addi(shared));
        Ops.store(inner(s, sum), Ops.view(dx, s.batch(), s.height(), s.width(), s.in()), addToDx);
    }

    /** Index in its image of the pixel that each window sees at one position: [B, H', W', C]. */
    private static INDArray pixels(WindowShape s, DataType type, int ky, int kx) {
        double[] index = new double[s.outHeight() * s.outWidth()];
        for (int i = 0; i < index.length; i++) {
            int iy = i / s.outWidth() * s.stride() - s.padding() + ky;
            int ix = i % s.outWidth() * s.stride() - s.padding() + kx;
            index[i] = (double) iy * s.width() + ix;
        }
        return Nd4j.createFromArray(index).castTo(type).reshape(1, s.outHeight(), s.outWidth(), 1)
                .broadcast(s.batch(), s.outHeight(), s.outWidth(), s.in());
    }

    static void maxPoolForward(WindowShape s, Tensor x, Tensor y, Tensor winners) {
        INDArray padded = padded(s, x, BELOW_ALL);
        DataType type = padded.dataType();
        INDArray max = constant(type, BELOW_ALL, s.batch(), s.outHeight(), s.outWidth(), s.in());
        INDArray index = constant(type, 0, max.shape());
        each(s, padded, (ky, kx, seen) -> {
            INDArray better = seen.gt(max).castTo(type);
            INDArray kept = better.rsub(1);
            max.muli(kept).addi(seen.mul(better));
            index.muli(kept).addi(pixels(s, type, ky, kx).mul(better));
        });
        Ops.view(y, max.shape()).assign(max);
        Ops.view(winners, max.shape()).assign(index.castTo(DataType.INT32));
    }

    static void maxPoolBackward(WindowShape s, Tensor dy, Tensor winners, Tensor dx) {
        INDArray dOut = Ops.view(dy, s.batch(), s.outHeight(), s.outWidth(), s.in());
        DataType type = dOut.dataType();
        INDArray index = Ops.view(winners, dOut.shape()).castTo(type);
        INDArray sum = constant(type, 0, s.batch(), paddedHeight(s), paddedWidth(s), s.in());
        each(s, sum, (ky, kx, seen) ->
                seen.addi(dOut.mul(index.eq(pixels(s, type, ky, kx)).castTo(type))));
        Ops.view(dx, s.batch(), s.height(), s.width(), s.in()).assign(inner(s, sum));
    }
}
