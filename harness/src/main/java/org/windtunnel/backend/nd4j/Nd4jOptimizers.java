package org.windtunnel.backend.nd4j;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.windtunnel.backend.AdamScalars;
import org.windtunnel.backend.LinearAlgebra;
import org.windtunnel.backend.ProjectedMatrices.Channels;
import org.windtunnel.backend.SequentialOptimizerKernels;
import org.windtunnel.backend.SgdScalars;
import org.windtunnel.backend.Slices;
import org.windtunnel.tensor.Tensor;

/** Updates, one tensor after the other. */
final class Nd4jOptimizers extends SequentialOptimizerKernels {
    private final Scratch scratch;

    Nd4jOptimizers(LinearAlgebra algebra, Scratch scratch) {
        super(algebra);
        this.scratch = scratch;
    }

    @Override
    public void adamw(
            Slices w, Slices g, Slices m, Slices v, AdamScalars scalars, boolean epsInsideCorrection, Tensor gradScale) {
        scratch.run(() -> runAdamw(w, g, m, v, scalars, epsInsideCorrection, gradScale));
    }

    private static void runAdamw(
            Slices w, Slices g, Slices m, Slices v, AdamScalars scalars, boolean epsInsideCorrection, Tensor gradScale) {
        double beta1 = scalars.beta1();
        double beta2 = scalars.beta2();
        double correction1 = scalars.correction1();
        double correction2 = scalars.correction2();
        for (int k = 0; k < w.count(); k++) {
            double lr = scalars.lr(k);
            double eps = scalars.eps(k);
            INDArray weight = Ops.flat(w.get(k)).muli(1 - lr * scalars.weightDecay(k));
            INDArray gradient = Ops.flat(g.get(k)).mul(gradScale.item(0));
            INDArray first = Ops.flat(m.get(k));
            first.muli(beta1).addi(gradient.mul(1 - beta1));
            INDArray second = Ops.flat(v.get(k));
            second.muli(beta2).addi(gradient.muli(gradient).muli(1 - beta2));
            if (epsInsideCorrection) {
                INDArray denominator = Transforms.sqrt(second, true).addi(eps);
                weight.subi(first.div(denominator).muli(lr * Math.sqrt(correction2) / correction1));
            } else {
                INDArray denominator =
                        Transforms.sqrt(second.div(correction2), false).addi(eps);
                weight.subi(first.div(denominator).muli(lr / correction1));
            }
        }
    }

    @Override
    public void sgd(
            Slices w,
            Slices g,
            Slices buffer,
            SgdScalars scalars,
            Tensor gains,
            boolean nesterov,
            boolean decoupled,
            Tensor gradScale) {
        scratch.run(() -> runSgd(w, g, buffer, scalars, gains, nesterov, decoupled, gradScale));
    }

    private static void runSgd(
            Slices w,
            Slices g,
            Slices buffer,
            SgdScalars scalars,
            Tensor gains,
            boolean nesterov,
            boolean decoupled,
            Tensor gradScale) {
        for (int k = 0; k < w.count(); k++) {
            INDArray weight = Ops.flat(w.get(k));
            double decay = scalars.weightDecay(k);
            INDArray d = Ops.flat(g.get(k)).mul(gradScale.item(0));
            if (decoupled) {
                weight.muli(1 - decay);
            } else {
                d.addi(weight.mul(decay));
            }
            INDArray direction = d;
            if (buffer != null) {
                INDArray b = Ops.flat(buffer.get(k));
                if (scalars.first()) {
                    b.assign(d);
                } else {
                    b.muli(scalars.momentum()).addi(d.mul(1 - scalars.dampening()));
                }
                direction = nesterov ? d.add(b.mul(scalars.momentum())) : b;
            }
            weight.subi(direction.mul(gains == null ? scalars.lr(k) : scalars.lr(k) * gains.item(k)));
        }
    }

    @Override
    protected void projectedAdam(
            Channels channels, int rows, int columns, Tensor r, Tensor m, Tensor v, Tensor moments, Tensor factor) {
        scratch.run(() -> {
            double beta1 = moments.item(0);
            double beta2 = moments.item(1);
            INDArray gradient = Ops.view(r, rows, columns);
            INDArray first = Ops.view(m, rows, columns);
            INDArray second = Ops.view(v, rows, columns);
            first.muli(beta1).addi(gradient.mul(1 - beta1));
            second.muli(beta2).addi(gradient.mul(gradient).muli(1 - beta2));
            INDArray direction = first.div(Transforms.sqrt(second, true).addi(moments.item(2)));
            INDArray ratio = norms(channels, direction).divi(norms(channels, gradient).addi(1e-8));
            Ops.flat(factor.slice(0, channels.count(rows, columns))).assign(ratio.reshape(ratio.length()));
        });
    }

    /** Euclidean norms by channel. */
    private static INDArray norms(Channels channels, INDArray x) {
        INDArray squares = x.mul(x);
        INDArray sums = switch (channels) {
            case ROWS -> squares.sum(1);
            case COLUMNS -> squares.sum(0);
            case ALL -> squares.sum(0, 1).reshape(1);
        };
        return Transforms.sqrt(sums, false);
    }

    private static INDArray scaled(Channels channels, int rows, int columns, Tensor g, Tensor factor) {
        int count = channels.count(rows, columns);
        INDArray factors = Ops.flat(factor.slice(0, count));
        INDArray gradient = Ops.view(g, rows, columns);
        return switch (channels) {
            case ROWS -> gradient.mulColumnVector(factors.reshape(rows, 1));
            case COLUMNS -> gradient.mulRowVector(factors.reshape(1, columns));
            case ALL -> gradient.mul(factors.getDouble(0));
        };
    }

    @Override
    protected double scaledSquares(Channels channels, int rows, int columns, Tensor g, Tensor factor) {
        double[] sum = new double[1];
        scratch.run(() -> {
            INDArray u = scaled(channels, rows, columns, g, factor);
            sum[0] = u.muli(u).sumNumber().doubleValue();
        });
        return sum[0];
    }

    @Override
    protected void scaledUpdate(
            Channels channels, int rows, int columns, Tensor w, Tensor g, Tensor factor, double rate, double keep) {
        scratch.run(() -> {
            INDArray u = scaled(channels, rows, columns, g, factor);
            Ops.view(w, rows, columns).subi(u.muli(rate)).muli(keep);
        });
    }

    @Override
    protected void cautiousDecay(Tensor w, Tensor u, double keep) {
        scratch.run(() -> {
            INDArray weight = Ops.flat(w);
            INDArray towards = weight.mul(Ops.flat(u)).gte(0).castTo(weight.dataType());
            weight.muli(towards.muli(keep - 1).addi(1));
        });
    }
}
