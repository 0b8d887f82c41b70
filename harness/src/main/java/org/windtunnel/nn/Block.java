package org.windtunnel.nn;

import org.windtunnel.backend.Backend;
import org.windtunnel.backend.StreamGradient;
import org.windtunnel.tensor.Tensor;

/** One pre-norm block: x + attention(norm(x)), then that plus feedForward(norm(that)). */
final class Block {
    private final Backend backend;
    private final Norm norm1;
    private final Attention attention;
    private final Norm norm2;
    private final FeedForward feedForward;
    private final Tensor input;
    private final Tensor normed1;
    private final Tensor middle;
    private final Tensor normed2;
    private final Tensor output;
    private final Tensor branch;
    private final Junction afterAttention;
    private final Junction afterFeedForward;
    private final String[] probed;

    /** @param input [N, D], the stream that enters; kept for the backward pass by the caller */
    Block(Wiring w, int layer, Tensor input, Rotary rotary) {
        TransformerNames names = w.names();
        String in = names.block(layer);
        int width = w.shape().width();
        this.backend = w.backend();
        this.norm1 = w.norm(names.attentionNorm(layer));
        this.attention = new Attention(w, layer, rotary);
        this.norm2 = w.norm(names.feedForwardNorm(layer));
        this.feedForward = new FeedForward(w, layer);
        this.input = input;
        this.normed1 = w.keepOperand(width);
        this.middle = w.keep(width);
        this.normed2 = w.keepOperand(width);
        this.output = w.keep(width);
        this.branch = w.branch(width);
        this.afterAttention = new Junction(w, attention.output(), input, middle);
        this.afterFeedForward = new Junction(w, feedForward.output(), middle, output);
        this.probed = new String[] {
            names.attentionNorm(layer),
            in + "attn",
            names.feedForwardNorm(layer),
            in + "mlp",
            in.substring(0, in.length() - 1)
        };
    }

    /** The stream that leaves. */
    Tensor output() {
        return output;
    }

    /** Where the feed-forward branch joins the stream that leaves; whoever calls {@link #forward} normalises it. */
    Junction end() {
        return afterFeedForward;
    }

    /** @param start where the block before ends, whose stream enters; null for the first block */
    void normalise(Junction start) {
        if (start == null) {
            norm1.forward(input, normed1);
        } else {
            start.normalise(norm1, normed1);
        }
    }

    /** The rest of the pass, after {@link #normalise}. */
    void forward(Probe probe) {
        observe(probe, probed[0], normed1);
        attention.forward(normed1, afterAttention, probe);
        afterAttention.normalise(norm2, normed2);
        observeBranch(probe, probed[1], input, middle);
        observe(probe, probed[2], normed2);
        feedForward.forward(normed2, afterFeedForward, probe);
    }

    /** Shows what left the block, once the stream is whole. */
    void observeOutput(Probe probe) {
        observeBranch(probe, probed[3], middle, output);
        observe(probe, probed[4], output);
    }

    /** Turns the gradient of the output stream into that of the input stream, in place. */
    void backward(StreamGradient dStream, boolean accumulate) {
        feedForward.backward(normed2, dStream, branch, accumulate);
        norm2.backward(middle, branch, dStream, true, accumulate);
        attention.backward(normed1, dStream, branch, accumulate);
        norm1.backward(input, branch, dStream, true, accumulate);
    }

    private static void observe(Probe probe, String module, Tensor value) {
        if (probe != null) {
            probe.observe(module, value);
        }
    }

    /** What a branch added, recovered as a difference because a gemm may have added it straight into the stream. */
    private void observeBranch(Probe probe, String module, Tensor before, Tensor after) {
        if (probe != null) {
            backend.copy(after, branch);
            backend.axpy(-1, before, branch);
            probe.observe(module, branch);
        }
    }
}
