package org.windtunnel.nn;

import org.windtunnel.backend.Backend;
import org.windtunnel.nn.TransformerShape.Flavour;
import org.windtunnel.tensor.Tensor;

/** Token table plus, in GPT, the table of learned positions. */
final class Embedding {
    private final Backend backend;
    private final int context;
    private final double multiplier;
    private final boolean tied;
    private final Tensor tokens;
    private final Tensor tokensGrad;
    private final Tensor positions;
    private final Tensor positionsGrad;
    private final Tensor output;

    Embedding(LayerScope scope) {
        TransformerShape s = scope.shape();
        boolean learned = s.flavour() == Flavour.GPT;
        this.backend = scope.backend();
        this.context = s.context();
        this.multiplier = scope.multipliers().embedding();
        this.tied = s.tied();
        this.tokens = scope.parameters().weight(scope.names().tokens());
        this.tokensGrad = scope.parameters().gradient(scope.names().tokens());
        this.positions = scope.weightOrNull(learned, scope.names().positions());
        this.positionsGrad = scope.gradientOrNull(learned, scope.names().positions());
        this.output = scope.memory().take(scope.rows(), s.width());
    }

    /** [N, D], the residual stream before the first block. */
    Tensor output() {
        return output;
    }

    void forward(Tensor ids) {
        backend.embeddingForward(ids, context, tokens, positions, multiplier, output);
    }

    void backward(Tensor ids, Tensor dOut, boolean accumulate) {
        // The readout's backward pass came first and wrote the tied table's gradient.
        backend.embeddingBackward(
                ids, context, dOut, multiplier, tokensGrad, accumulate || tied, positionsGrad, accumulate);
    }
}
