package org.windtunnel.nn;

import org.windtunnel.backend.Backend;
import org.windtunnel.tensor.Tensor;

/** RMSNorm of each query and key head, with one gain for all heads of a layer (arXiv 2010.04245 with RMSNorm). */
final class QkNorm {
    private final Backend backend;
    private final TransformerShape shape;
    private final int rows;
    private final int packedLd;
    private final int ld;
    private final Tensor queryGain;
    private final Tensor dQueryGain;
    private final Tensor keyGain;
    private final Tensor dKeyGain;
    private final Tensor queries;
    private final Tensor keys;
    private final Tensor queryRstd;
    private final Tensor keyRstd;

    QkNorm(Wiring w, int layer) {
        String query = TransformerNames.weight(w.names().queryNorm(layer));
        String key = TransformerNames.weight(w.names().keyNorm(layer));
        this.backend = w.backend();
        this.shape = w.shape();
        this.rows = w.rows();
        this.packedLd = shape.qkvWidth();
        this.ld = shape.queryWidth() + shape.kvWidth();
        this.queryGain = w.parameters().weight(query);
        this.dQueryGain = w.parameters().gradient(query);
        this.keyGain = w.parameters().weight(key);
        this.dKeyGain = w.parameters().gradient(key);
        this.queries = w.keep(ld);
        this.keys = Attention.from(queries, shape.queryWidth(), queries.size());
        this.queryRstd = w.keep(shape.heads());
        this.keyRstd = w.keep(shape.kvHeads());
    }

    /** Normalised queries, N rows at distance {@link #ld}. */
    Tensor queries() {
        return queries;
    }

    /** Normalised keys, N rows at distance {@link #ld}. */
    Tensor keys() {
        return keys;
    }

    int ld() {
        return ld;
    }

    void forward(Tensor q, Tensor k) {
        backend.rmsNormForward(
                rows, shape.heads(), shape.headDim(), q, packedLd, queryGain, shape.normEps(), queries, ld, queryRstd);
        backend.rmsNormForward(
                rows, shape.kvHeads(), shape.headDim(), k, packedLd, keyGain, shape.normEps(), keys, ld, keyRstd);
    }

    /**
     * Gradients of the inputs from those of the outputs, for queries and keys.
     *
     * @param to receives them; may be {@code dOutputs}
     */
    void backward(Attention.Packed inputs, Attention.Packed dOutputs, Attention.Packed to, boolean accumulate) {
        backend.rmsNormBackward(
                rows,
                shape.heads(),
                shape.headDim(),
                inputs.q(),
                packedLd,
                queryGain,
                queryRstd,
                dOutputs.q(),
                packedLd,
                to.q(),
                false,
                dQueryGain,
                accumulate);
        backend.rmsNormBackward(
                rows,
                shape.kvHeads(),
                shape.headDim(),
                inputs.k(),
                packedLd,
                keyGain,
                keyRstd,
                dOutputs.k(),
                packedLd,
                to.k(),
                false,
                dKeyGain,
                accumulate);
    }
}
