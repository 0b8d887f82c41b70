package org.windtunnel.nn;

import org.windtunnel.backend.Backend;
import org.windtunnel.backend.BranchSum;
import org.windtunnel.backend.StreamGradient;
import org.windtunnel.nn.TransformerShape.Flavour;
import org.windtunnel.tensor.Tensor;

/** LayerNorm (GPT) or RMSNorm (LLaMA) of token rows. */
final class Norm {
    private final Backend backend;
    private final boolean centred;
    private final int rows;
    private final int width;
    private final double eps;
    private final Tensor gain;
    private final Tensor dGain;
    private final Tensor bias;
    private final Tensor dBias;
    private final Tensor stats;

    Norm(Wiring w, String module) {
        this.backend = w.backend();
        this.centred = w.shape().flavour() == Flavour.GPT;
        this.rows = w.rows();
        this.width = w.shape().width();
        this.eps = w.shape().normEps();
        this.gain = w.parameters().weight(TransformerNames.weight(module));
        this.dGain = w.parameters().gradient(TransformerNames.weight(module));
        this.bias = w.bias(module);
        this.dBias = w.biasGradient(module);
        this.stats = centred ? w.keep(2) : w.memory().take(rows);
    }

    /** y = norm(x). */
    void forward(Tensor x, Tensor y) {
        if (centred) {
            backend.layerNormForward(x, gain, bias, eps, y, stats);
        } else {
            backend.rmsNormForward(rows, 1, width, x, width, gain, eps, y, width, stats);
        }
    }

    /** The sum's stream, and y = norm(stream). */
    void forward(BranchSum sum, Tensor y) {
        if (centred) {
            backend.addLayerNormForward(sum, gain, bias, eps, y, stats);
        } else {
            backend.addRmsNormForward(sum, gain, eps, y, stats);
        }
    }

    /** Gradients of gain and bias, and dx (+)= the gradient with respect to x. */
    void backward(Tensor x, Tensor dy, StreamGradient dx, boolean addToDx, boolean accumulate) {
        if (centred) {
            backend.layerNormBackward(x, gain, stats, dy, dx, addToDx, dGain, dBias, accumulate);
        } else {
            backend.rmsNormBackward(x, gain, stats, dy, dx, addToDx, dGain, accumulate);
        }
    }
}
