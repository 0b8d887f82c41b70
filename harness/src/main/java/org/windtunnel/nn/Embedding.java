package org.windtunnel.nn;

import org.windtunnel.backend.Backend;
import org.windtunnel.nn.TransformerShape.Flavour;
import org.windtunnel.tensor.Tensor;

/** Token table, and the position table of GPT. */
final class Embedding {
    private final Backend backend;
    private final int context;
    private final double multiplier;
    private final boolean tied;
    private final Tensor tokens;
    private final Tensor dTokens;
    private final Tensor positions;
    private final Tensor dPositions;

    Embedding(Wiring w) {
        this.backend = w.backend();
        this.context = w.shape().context();
        this.multiplier = w.multipliers().embedding();
        this.tied = w.shape().tied();
        this.tokens = w.parameters().weight(w.names().tokens());
        this.dTokens = w.parameters().gradient(w.names().tokens());
        boolean learned = w.shape().flavour() == Flavour.GPT;
        this.positions = learned ? w.parameters().weight(w.names().positions()) : null;
        this.dPositions = learned ? w.parameters().gradient(w.names().positions()) : null;
    }

    void forward(Tensor ids, Tensor out) {
        backend.embeddingForward(ids, context, tokens, positions, multiplier, out);
    }

    /** Runs after the readout's backward pass, whose gradient a tied table already holds. */
    void backward(Tensor ids, Tensor dOut, boolean accumulate) {
        backend.embeddingBackward(ids, context, dOut, multiplier, dTokens, accumulate || tied, dPositions, accumulate);
    }
}
