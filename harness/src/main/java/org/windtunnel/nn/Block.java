package org.windtunnel.nn;

import org.windtunnel.backend.Backend;
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

    void forward(Probe probe) {
        norm1.forward(input, normed1);
        observe(probe, probed[0], normed1);
        backend.copy(input, middle);
        attention.forward(normed1, middle, probe);
        observeBranch(probe, probed[1], input, middle);
        norm2.forward(middle, normed2);
        observe(probe, probed[2], normed2);
        backend.copy(middle, output);
        feedForward.forward(normed2, output, probe);
        observeBranch(probe, probed[3], middle, output);
        observe(probe, probed[4], output);
    }

    /** Turns the gradient of the output stream into that of the input stream, in place. */
    void backward(Tensor dStream, boolean accumulate) {
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

    /** What a branch added, recovered as a difference because the gemm adds it straight into the stream. */
    private void observeBranch(Probe probe, String module, Tensor before, Tensor after) {
        if (probe != null) {
            backend.copy(after, branch);
            backend.axpy(-1, before, branch);
            probe.observe(module, branch);
        }
    }
}
