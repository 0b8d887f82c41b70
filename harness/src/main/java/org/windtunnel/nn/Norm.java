package org.windtunnel.nn;

import org.windtunnel.backend.Backend;
import org.windtunnel.nn.TransformerShape.Flavour;
import org.windtunnel.tensor.Tensor;

/** LayerNorm or RMSNorm over the width, keeping its output for the projection that follows. */
final class Norm {
    private final Backend backend;
    private final boolean layerNorm;
    private final int rows;
    private final int width;
    private final double eps;
    private final Tensor gain;
    private final Tensor gainGrad;
    private final Tensor bias;
    private final Tensor biasGrad;
    private final Tensor stats;
    private final Tensor output;

    Norm(LayerScope scope, String module) {
        this.backend = scope.backend();
        this.layerNorm = scope.shape().flavour() == Flavour.GPT;
        this.rows = scope.rows();
        this.width = scope.shape().width();
        this.eps = scope.shape().normEps();
        this.gain = scope.parameters().weight(TransformerNames.weight(module));
        this.gainGrad = scope.parameters().gradient(TransformerNames.weight(module));
        this.bias = scope.weightOrNull(scope.shape().bias(), TransformerNames.bias(module));
        this.biasGrad = scope.gradientOrNull(scope.shape().bias(), TransformerNames.bias(module));
        this.stats = layerNorm ? scope.memory().take(rows, 2) : scope.memory().take(rows);
        this.output = scope.memory().take(rows, width);
    }

    /** [N, D], valid from the forward to the backward pass. */
    Tensor output() {
        return output;
    }

    void forward(Tensor x) {
        if (layerNorm) {
            backend.layerNormForward(x, gain, bias, eps, output, stats);
        } else {
            backend.rmsNormForward(rows, 1, width, x, width, gain, eps, output, width, stats);
        }
    }

    /** @param add true adds the gradient to dx, false overwrites it */
    void backward(Tensor x, Tensor dy, Tensor dx, boolean add, boolean accumulate) {
        if (layerNorm) {
            backend.layerNormBackward(x, gain, stats, dy, dx, add, gainGrad, biasGrad, accumulate);
        } else {
            backend.rmsNormBackward(
                    rows, 1, width, x, width, gain, stats, dy, width, dx, add, gainGrad, accumulate);
        }
    }
}
