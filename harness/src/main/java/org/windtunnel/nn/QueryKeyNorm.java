package org.windtunnel.nn;

import org.windtunnel.backend.Backend;
import org.windtunnel.tensor.Tensor;

/** RMSNorm of each query and key head with one gain per layer for each, as in QK-norm (arXiv 2010.04245). */
final class QueryKeyNorm {
    private final Backend backend;
    private final int rows;
    private final int heads;
    private final int kvHeads;
    private final int headDim;
    private final int ldQkv;
    private final double eps;
    private final Part query;
    private final Part key;
    private final Tensor output;

    /** One normalised projection: its columns of the packed rows before and after, its gain, its statistics. */
    private record Part(int heads, Tensor x, Tensor y, Tensor dy, Tensor dx, Tensor gain, Tensor gainGrad, Tensor rstd) {}

    /** @param qkv the packed projection that is normalised from */
    QueryKeyNorm(LayerScope scope, int layer, Tensor qkv, Scratch scratch) {
        TransformerShape s = scope.shape();
        this.backend = scope.backend();
        this.rows = scope.rows();
        this.heads = s.heads();
        this.kvHeads = s.kvHeads();
        this.headDim = s.headDim();
        this.ldQkv = s.qkvWidth();
        this.eps = s.normEps();
        this.output = scope.memory().take(rows, (heads + kvHeads) * headDim);
        this.query = part(scope, scope.names().queryNorm(layer), heads, 0, qkv, scratch);
        this.key = part(scope, scope.names().keyNorm(layer), kvHeads, heads * headDim, qkv, scratch);
    }

    private Part part(LayerScope scope, String module, int count, int at, Tensor qkv, Scratch scratch) {
        String name = TransformerNames.weight(module);
        return new Part(
                count,
                LayerScope.from(qkv, at),
                LayerScope.from(output, at),
                LayerScope.from(scratch.qk(), at),
                LayerScope.from(scratch.qkv(), at),
                scope.parameters().weight(name),
                scope.parameters().gradient(name),
                scope.memory().take(rows * count));
    }

    /** [N, (heads + kvHeads) · headDim]: normalised queries, then keys. */
    Tensor output() {
        return output;
    }

    int rowDistance() {
        return (heads + kvHeads) * headDim;
    }

    void forward() {
        forward(query);
        forward(key);
    }

    private void forward(Part p) {
        backend.rmsNormForward(rows, p.heads, headDim, p.x, ldQkv, p.gain, eps, p.y, rowDistance(), p.rstd);
    }

    /** Takes the gradient of {@link #output()} from scratch.qk() to the query and key columns of scratch.qkv(). */
    void backward(boolean accumulate) {
        backward(query, accumulate);
        backward(key, accumulate);
    }

    private void backward(Part p, boolean accumulate) {
        backend.rmsNormBackward(
                rows, p.heads, headDim, p.x, ldQkv, p.gain, p.rstd, p.dy, rowDistance(), p.dx, false, p.gainGrad,
                accumulate);
    }
}
