package org.windtunnel.backend.nd4j;

import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.ops.transforms.Transforms;
import org.windtunnel.backend.OptimizerKernels;
import org.windtunnel.tensor.Tensor;

/** AdamW and SGD, one segment after the other. */
final class Nd4jOptimizers implements OptimizerKernels {

    @Override
    public void adamw(
            Segments segments,
            Tensor w,
            Tensor g,
            Tensor m,
            Tensor v,
            double beta1,
            double beta2,
            long step,
            boolean epsInsideCorrection,
            double gradScale) {
        double correction1 = 1 - Math.pow(beta1, step);
        double correction2 = 1 - Math.pow(beta2, step);
        for (int i = 0; i < segments.count(); i++) {
            double lr = segments.lr()[i];
            double eps = segments.eps()[i];
            INDArray weight = segment(segments, i, w).muli(1 - lr * segments.weightDecay()[i]);
            INDArray gradient = segment(segments, i, g).mul(gradScale);
            INDArray first = state(segments, i, m);
            first.muli(beta1).addi(gradient.mul(1 - beta1));
            INDArray second = state(segments, i, v);
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
            Segments segments,
            Tensor w,
            Tensor g,
            Tensor buffer,
            double momentum,
            double dampening,
            boolean nesterov,
            boolean decoupled,
            long step,
            double gradScale) {
        for (int i = 0; i < segments.count(); i++) {
            INDArray weight = segment(segments, i, w);
            double decay = segments.weightDecay()[i];
            INDArray d = segment(segments, i, g).mul(gradScale);
            if (decoupled) {
                weight.muli(1 - decay);
            } else {
                d.addi(weight.mul(decay));
            }
            INDArray direction = d;
            if (buffer != null) {
                INDArray b = state(segments, i, buffer);
                if (step == 1) {
                    b.assign(d);
                } else {
                    b.muli(momentum).addi(d.mul(1 - dampening));
                }
                direction = nesterov ? d.add(b.mul(momentum)) : b;
            }
            weight.subi(direction.mul(segments.lr()[i]));
        }
    }

    @Override
    public void projectedAdam(
            Channels channels,
            int rows,
            int columns,
            Tensor r,
            Tensor m,
            Tensor v,
            double beta1,
            double beta2,
            double eps,
            Tensor factor) {
        INDArray gradient = Ops.view(r, rows, columns);
        INDArray first = Ops.view(m, rows, columns);
        INDArray second = Ops.view(v, rows, columns);
        first.muli(beta1).addi(gradient.mul(1 - beta1));
        second.muli(beta2).addi(gradient.mul(gradient).muli(1 - beta2));
        INDArray direction = first.div(Transforms.sqrt(second, true).addi(eps));
        INDArray ratio = norms(channels, direction).divi(norms(channels, gradient).addi(1e-8));
        Ops.flat(factor.slice(0, channels.count(rows, columns))).assign(ratio.reshape(ratio.length()));
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
    public double scaledSumOfSquares(Channels channels, int rows, int columns, Tensor g, Tensor factor) {
        INDArray u = scaled(channels, rows, columns, g, factor);
        return u.muli(u).sumNumber().doubleValue();
    }

    @Override
    public void scaledUpdate(
            Channels channels, int rows, int columns, Tensor w, Tensor g, Tensor factor, double rate, double keep) {
        INDArray u = scaled(channels, rows, columns, g, factor);
        Ops.view(w, rows, columns).subi(u.muli(rate)).muli(keep);
    }

    @Override
    public void cautiousDecay(Tensor w, Tensor u, double keep) {
        INDArray weight = Ops.flat(w);
        INDArray towards = weight.mul(Ops.flat(u)).gte(0).castTo(weight.dataType());
        weight.muli(towards.muli(keep - 1).addi(1));
    }

    private static INDArray state(Segments segments, int i, Tensor flat) {
        return Ops.flat(flat.slice(segments.stateOffset()[i], Math.toIntExact(segments.length()[i])));
    }

    private static INDArray segment(Segments segments, int i, Tensor flat) {
        return Ops.flat(flat.slice(segments.offset()[i], Math.toIntExact(segments.length()[i])));
    }
}
