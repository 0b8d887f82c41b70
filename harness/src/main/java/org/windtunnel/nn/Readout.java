package org.windtunnel.nn;

import org.windtunnel.backend.Backend;
import org.windtunnel.tensor.Tensor;

/** logits = (readoutMultiplier · x) · Wᵀ and the loss on them. */
final class Readout {
    private final Backend backend;
    private final int rows;
    private final int width;
    private final int vocab;
    private final double multiplier;
    private final Tensor weight;
    private final Tensor weightGrad;
    private final Tensor logits;

    Readout(LayerScope scope) {
        TransformerShape s = scope.shape();
        String name = s.tied() ? scope.names().tokens() : TransformerNames.weight(scope.names().readout());
        this.backend = scope.backend();
        this.rows = scope.rows();
        this.width = s.width();
        this.vocab = s.vocab();
        this.multiplier = scope.multipliers().readout();
        this.weight = scope.parameters().weight(name);
        this.weightGrad = scope.parameters().gradient(name);
        this.logits = scope.memory().take(rows, vocab);
    }

    /** [N, V]; after {@link #loss} with a gradient, the gradient. */
    Tensor logits() {
        return logits;
    }

    void forward(Tensor x) {
        backend.gemm(false, true, rows, vocab, width, multiplier, x, width, weight, width, 0, logits, vocab);
    }

    void loss(Tensor targets, double zWeight, double gradScale, boolean gradient, double[] sums) {
        backend.crossEntropy(logits, targets, zWeight, gradScale, gradient, sums);
    }

    void backward(Tensor x, Tensor dx, boolean accumulate) {
        double beta = accumulate ? 1 : 0;
        backend.gemm(true, false, vocab, width, rows, multiplier, logits, vocab, x, width, beta, weightGrad, width);
        backend.gemm(false, false, rows, width, vocab, multiplier, logits, vocab, weight, width, 0, dx, width);
    }
}
