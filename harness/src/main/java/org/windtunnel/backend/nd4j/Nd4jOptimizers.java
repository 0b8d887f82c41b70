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
            INDArray first = segment(segments, i, m);
            first.muli(beta1).addi(gradient.mul(1 - beta1));
            INDArray second = segment(segments, i, v);
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
            long step,
            double gradScale) {
        for (int i = 0; i < segments.count(); i++) {
            INDArray weight = segment(segments, i, w);
            INDArray d = segment(segments, i, g).mul(gradScale).addi(weight.mul(segments.weightDecay()[i]));
            INDArray direction = d;
            if (buffer != null) {
                INDArray b = segment(segments, i, buffer);
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

    private static INDArray segment(Segments segments, int i, Tensor flat) {
        return Ops.flat(flat.slice(segments.offset()[i], Math.toIntExact(segments.length()[i])));
    }
}
