package org.windtunnel.nn;

import org.windtunnel.backend.AttentionKernels.AttentionShape;
import org.windtunnel.backend.Backend;
import org.windtunnel.tensor.Tensor;

/** Causal self-attention: packed projection, optional QK-norm and rotation, attention, output projection. */
final class Attention {
    private final Backend backend;
    private final AttentionShape shape;
    private final double scale;
    private final int ldQkv;
    private final int ldOut;
    private final Linear in;
    private final Linear out;
    private final QueryKeyNorm norm;
    private final RotaryTables rotary;
    private final Tensor packed;
    private final Tensor saved;
    private final Tensor heads;
    private final Packed values;
    private final Packed gradients;
    private final Scratch scratch;

    /** Where queries, keys and values start in packed memory, and their row distances. */
    private record Packed(Tensor q, int ldq, Tensor k, int ldk, Tensor v, int ldv) {}

    Attention(LayerScope scope, int layer, RotaryTables rotary, Scratch scratch) {
        TransformerShape s = scope.shape();
        this.backend = scope.backend();
        this.shape = new AttentionShape(scope.batch(), s.context(), s.heads(), s.kvHeads(), s.headDim());
        this.scale = scope.multipliers().attention();
        this.ldQkv = s.qkvWidth();
        this.ldOut = s.heads() * s.headDim();
        this.in = new Linear(scope, scope.names().qkv(layer));
        this.out = new Linear(scope, scope.names().attentionOut(layer));
        this.rotary = rotary;
        this.packed = scope.memory().take(scope.rows(), ldQkv);
        this.norm = s.qkNorm() ? new QueryKeyNorm(scope, layer, packed, scratch) : null;
        this.saved = scope.memory().take(Math.toIntExact(savedSize(scope)));
        this.heads = scope.memory().take(scope.rows(), ldOut);
        this.values = packed(packed, norm == null ? packed : norm.output());
        this.gradients = packed(scratch.qkv(), norm == null ? scratch.qkv() : scratch.qk());
        this.scratch = scratch;
    }

    /** When memory is only counted there is no backend to ask; the probabilities are what the CPU backend keeps. */
    private long savedSize(LayerScope scope) {
        return backend == null
                ? (long) scope.batch() * shape.heads() * shape.time() * shape.time()
                : backend.attentionSavedSize(shape);
    }

    private Packed packed(Tensor qkv, Tensor qk) {
        int ldqk = norm == null ? ldQkv : norm.rowDistance();
        int keys = shape.heads() * shape.headDim();
        int vals = keys + shape.kvHeads() * shape.headDim();
        return new Packed(
                LayerScope.from(qk, 0), ldqk, LayerScope.from(qk, keys), ldqk, LayerScope.from(qkv, vals), ldQkv);
    }

    /** [N, heads · headDim], the concatenated heads before the output projection. */
    Tensor output() {
        return heads;
    }

    /** y = x + residualScale · attention(normed). */
    void forward(Tensor normed, Tensor x, double residualScale, Tensor y) {
        in.forward(normed, packed);
        if (norm != null) {
            norm.forward();
        }
        rotate(values, false);
        backend.attentionForward(
                shape, values.q, values.ldq, values.k, values.ldk, values.v, values.ldv, scale, heads, ldOut, saved);
        out.forwardResidual(heads, x, residualScale, y, scratch.branch());
    }

    private void rotate(Packed p, boolean inverse) {
        if (rotary != null) {
            int n = shape.rows();
            backend.rope(n, shape.time(), shape.heads(), shape.headDim(), p.q, p.ldq, rotary.cos(), rotary.sin(), inverse);
            backend.rope(n, shape.time(), shape.kvHeads(), shape.headDim(), p.k, p.ldk, rotary.cos(), rotary.sin(), inverse);
        }
    }

    /** Leaves the gradient of {@code normed} in scratch.branch(). @param dy gradient of the branch, unscaled */
    void backward(Tensor normed, Tensor dy, double residualScale, boolean accumulate) {
        out.backward(heads, dy, residualScale, scratch.branch(), accumulate);
        Packed d = gradients;
        backend.attentionBackward(
                shape, values.q, values.ldq, values.k, values.ldk, values.v, values.ldv, scale, heads,
                scratch.branch(), ldOut, saved, d.q, d.ldq, d.k, d.ldk, d.v, d.ldv);
        rotate(d, true);
        if (norm != null) {
            norm.backward(accumulate);
        }
        in.backward(normed, scratch.qkv(), 1, scratch.branch(), accumulate);
    }
}
