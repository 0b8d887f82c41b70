package org.windtunnel.nn;

import org.windtunnel.backend.AttentionKernels.AttentionShape;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.StreamGradient;
import org.windtunnel.tensor.Tensor;

/**
 * Causal self-attention: one gemm to packed q, k, v (columns in this order), optional QK-norm and rotation, attention,
 * and the output projection into the residual stream.
 */
final class Attention {
    private final Backend backend;
    private final AttentionShape shape;
    private final double scale;
    private final int ld;
    private final int queryWidth;
    private final Linear project;
    private final Linear output;
    private final Rotary rotary;
    private final QkNorm qkNorm;
    private final Packed packed;
    private final Packed gradient;
    /** Gradients of queries and keys as the attention sees them, which are turned into those of the projection. */
    private final Packed turned;
    private final Tensor heads;
    private final Tensor dHeads;
    private final Tensor saved;
    private final String[] probed;

    /** Packed projections [N, ld] and where queries, keys and values start in them. */
    record Packed(Tensor all, Tensor q, Tensor k, Tensor v) {
        static Packed of(Tensor all, TransformerShape s) {
            long total = all.size();
            return new Packed(
                    all, all, from(all, s.queryWidth(), total), from(all, s.queryWidth() + s.kvWidth(), total));
        }
    }

    /** The rest of a packed matrix from one column of its first row on. */
    static Tensor from(Tensor packed, long column, long total) {
        return packed.slice(column, Math.toIntExact(total - column));
    }

    /** @param rotary null without rotary positions */
    Attention(Wiring w, int layer, Rotary rotary) {
        TransformerShape s = w.shape();
        this.backend = w.backend();
        this.shape = new AttentionShape(w.batch(), s.context(), s.heads(), s.kvHeads(), s.headDim());
        this.scale = w.multipliers().attention();
        this.ld = s.qkvWidth();
        this.queryWidth = s.queryWidth();
        this.project = w.fused(w.names().qkv(layer));
        this.output = w.linear(w.names().attentionOut(layer), w.multipliers().residual());
        this.rotary = rotary;
        this.packed = Packed.of(w.keep(ld), s);
        this.gradient = Packed.of(w.wide(ld), s);
        this.turned = rotary == null && !s.qkNorm() ? gradient : Packed.of(w.turned(ld), s);
        this.qkNorm = s.qkNorm() ? new QkNorm(w, layer) : null;
        this.heads = w.keepOperand(queryWidth);
        this.dHeads = w.branch(queryWidth);
        this.saved = w.memory().take(shape.saved(w.memory().policy()));
        String in = w.names().block(layer) + "attn";
        this.probed = new String[] {in + ".qkv", in + ".heads", in};
    }

    /** The branch's last layer. */
    Linear output() {
        return output;
    }

    /** @param x [N, D], normalised @param end where the branch's output goes */
    void forward(Tensor x, Junction end, Probe probe) {
        project.forward(x, packed.all());
        project.show(probe, probed[0], x);
        if (probe != null) {
            probe.observe(probed[0], packed.all());
        }
        if (qkNorm != null) {
            qkNorm.forward(packed.q(), packed.k());
        }
        if (rotary != null) {
            rotary.forward(queries(), shape.heads(), queryLd());
            rotary.forward(keys(), shape.kvHeads(), queryLd());
        }
        if (probe != null) {
            probe.attention(probed[2], shape, queries(), keys(), queryLd(), scale);
        }
        backend.attentionForward(
                shape, queries(), queryLd(), keys(), queryLd(), packed.v(), ld, scale, heads, queryWidth, saved);
        if (probe != null) {
            probe.observe(probed[1], heads);
        }
        output.show(probe, probed[2], heads);
        end.add(heads);
    }

    /** dx = gradient with respect to the normalised input x; dx shares its memory with dHeads, dead by then. */
    void backward(Tensor x, StreamGradient dy, Tensor dx, boolean accumulate) {
        output.backward(heads, dy, dHeads, accumulate);
        backend.attentionBackward(
                shape, queries(), queryLd(), keys(), queryLd(), packed.v(), ld, scale, heads, dHeads, queryWidth, saved,
                turned.q(), ld, turned.k(), ld, gradient.v(), ld);
        if (rotary != null) {
            Packed to = qkNorm == null ? gradient : turned;
            rotary.backward(turned.q(), to.q(), shape.heads(), ld);
            rotary.backward(turned.k(), to.k(), shape.kvHeads(), ld);
        }
        if (qkNorm != null) {
            qkNorm.backward(packed, turned, gradient, accumulate);
        }
        project.backward(x, gradient.all(), dx, accumulate);
    }

    private Tensor queries() {
        return qkNorm == null ? packed.q() : qkNorm.queries();
    }

    private Tensor keys() {
        return qkNorm == null ? packed.k() : qkNorm.keys();
    }

    private int queryLd() {
        return qkNorm == null ? ld : qkNorm.ld();
    }
}
