package org.windtunnel.backend.nd4j;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.windtunnel.tensor.Tensor;

/** Layer and RMS normalisation. */
final class Nd4jNorms {
    private Nd4jNorms() {}

    static void layerNormForward(Tensor x, Tensor gain, Tensor bias, double eps, Tensor y, Tensor stats) {
        long width = gain.size();
        long rows = rows(x, width);
        INDArray in = Ops.view(x, rows, width);
        INDArray mean = in.mean(true, 1);
        INDArray centred = in.sub(mean);
        INDArray rstd = Ops.rsqrtInPlace(centred.mul(centred).mean(true, 1), eps);
        INDArray out = centred.muli(rstd).muli(Ops.view(gain, 1, width));
        if (bias != null) {
            out.addi(Ops.view(bias, 1, width));
        }
        Ops.view(y, rows, width).assign(out);
        statistic(stats, 0, rows).assign(mean);
        statistic(stats, 1, rows).assign(rstd);
    }

    static void layerNormBackward(
            Tensor x,
            Tensor gain,
            Tensor stats,
            Tensor dy,
            Tensor dx,
            boolean addToDx,
            Tensor dGain,
            Tensor dBias,
            boolean accumulate) {
        long width = gain.size();
        long rows = rows(x, width);
        INDArray rstd = statistic(stats, 1, rows);
        INDArray normalised = Ops.view(x, rows, width).sub(statistic(stats, 0, rows)).muli(rstd);
        INDArray dOut = Ops.view(dy, rows, width);
        INDArray gainGradient = dOut.mul(normalised).sum(true, 0);
        Ops.store(gainGradient, Ops.view(dGain, 1, width), accumulate);
        if (dBias != null) {
            Ops.store(dOut.sum(true, 0), Ops.view(dBias, 1, width), accumulate);
        }
        INDArray dNormalised = dOut.mul(Ops.view(gain, 1, width));
        INDArray along = dNormalised.mul(normalised).mean(true, 1);
        INDArray mean = dNormalised.mean(true, 1);
        INDArray result = dNormalised.subi(mean).subi(normalised.muli(along)).muli(rstd);
        Ops.store(result, Ops.view(dx, rows, width), addToDx);
    }

    private static long rows(Tensor x, long width) {
        if (x.size() % width != 0) {
            throw new IllegalArgumentException("expected rows of width " + width + ", found " + x);
        }
        return x.size() / width;
    }

    /** Column {@code which} of the [N, 2] statistics. */
    private static INDArray statistic(Tensor stats, int which, long rows) {
        return Ops.strided(stats, which, new long[] {rows, 1}, new long[] {2, 1});
    }

    static void rmsNormForward(
            int rows,
            int groups,
            int width,
            Tensor x,
            int ldx,
            Tensor gain,
            double eps,
            Tensor y,
            int ldy,
            Tensor rstd) {
        INDArray in = groups(x, rows, groups, width, ldx);
        INDArray scale = Ops.rsqrtInPlace(in.mul(in).mean(true, 2), eps);
        INDArray out = in.mul(scale).muli(Ops.view(gain, 1, 1, width));
        groups(y, rows, groups, width, ldy).assign(out);
        Ops.view(rstd, rows, groups, 1).assign(scale);
    }

    static void rmsNormBackward(
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
            boolean accumulate) {
        INDArray scale = Ops.view(rstd, rows, groups, 1);
        INDArray normalised = groups(x, rows, groups, width, ldx).mul(scale);
        INDArray dOut = groups(dy, rows, groups, width, ldy);
        INDArray gainGradient = dOut.mul(normalised).sum(true, 0, 1);
        Ops.store(gainGradient, Ops.view(dGain, 1, 1, width), accumulate);
        INDArray dNormalised = dOut.mul(Ops.view(gain, 1, 1, width));
        INDArray along = dNormalised.mul(normalised).mean(true, 2);
        INDArray result = dNormalised.subi(normalised.muli(along)).muli(scale);
        Ops.store(result, groups(dx, rows, groups, width, ldx), addToDx);
    }

    /** [rows, groups, width] of a tensor whose rows are ld elements apart. */
    private static INDArray groups(Tensor x, long rows, long groups, long width, long ld) {
        return Ops.strided(x, new long[] {rows, groups, width}, new long[] {ld, width, 1});
    }
}
