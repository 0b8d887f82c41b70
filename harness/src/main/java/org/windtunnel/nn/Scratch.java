package org.windtunnel.nn;

import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/**
 * Temporaries that all layers share, since one layer's backward pass is done before the next begins.
 *
 * @param stream [N, D] gradient of the residual stream
 * @param branch [N, D] gradient of a branch's normalised input, and other uses of that shape
 * @param scaled [N, D] gradient of the stream times the residual multiplier, where a bias needs it; else null
 * @param qkv [N, qkvWidth] gradient of the packed projection
 * @param qk [N, (heads + kvHeads) · headDim] gradient of normalised queries and keys; null without QK-norm
 * @param hidden [N, F] gradient of the feed-forward hidden layer
 */
record Scratch(Tensor stream, Tensor branch, Tensor scaled, Tensor qkv, Tensor qk, Tensor hidden) {

    static Scratch take(Allocator memory, TransformerShape s, ForwardMultipliers multipliers, int rows) {
        boolean scaledBias = s.bias() && multipliers.residual() != 1;
        return new Scratch(
                memory.take(rows, s.width()),
                memory.take(rows, s.width()),
                scaledBias ? memory.take(rows, s.width()) : null,
                memory.take(rows, s.qkvWidth()),
                s.qkNorm() ? memory.take(rows, (s.heads() + s.kvHeads()) * s.headDim()) : null,
                memory.take(rows, s.ffnWidth()));
    }
}
