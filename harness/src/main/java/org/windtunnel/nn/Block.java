package org.windtunnel.nn;

import org.windtunnel.backend.Backend;
import org.windtunnel.tensor.Tensor;

/** One pre-norm block: x += r · attention(norm(x)); x += r · mlp(norm(x)). */
final class Block {
    private final Backend backend;
    private final double residual;
    private final Norm attentionNorm;
    private final Attention attention;
    private final Norm feedForwardNorm;
    private final FeedForward feedForward;
    private final Tensor middle;
    private final Tensor output;
    private final Scratch scratch;
    private final String prefix;

    Block(LayerScope scope, int layer, RotaryTables rotary, Scratch scratch) {
        int width = scope.shape().width();
        this.backend = scope.backend();
        this.residual = scope.multipliers().residual();
        this.scratch = scratch;
        this.prefix = "h." + layer + ".";
        this.attentionNorm = new Norm(scope, scope.names().attentionNorm(layer));
        this.attention = new Attention(scope, layer, rotary, scratch);
        this.middle = scope.memory().take(scope.rows(), width);
        this.feedForwardNorm = new Norm(scope, scope.names().feedForwardNorm(layer));
        this.feedForward = new FeedForward(scope, layer, scratch);
        this.output = scope.memory().take(scope.rows(), width);
    }

    /** [N, D], the residual stream after the block. */
    Tensor output() {
        return output;
    }

    void forward(Tensor x, Probe probe) {
        attentionNorm.forward(x);
        attention.forward(attentionNorm.output(), x, residual, middle);
        feedForwardNorm.forward(middle);
        feedForward.forward(feedForwardNorm.output(), middle, residual, output);
        if (probe != null) {
            probe.observe(prefix + "attn.heads", attention.output());
            probe.observe(prefix + "attn", middle);
            probe.observe(prefix + "mlp.hidden", feedForward.output());
            probe.observe(prefix + "mlp", output);
        }
    }

    /** Takes scratch.stream() from the gradient of the output to the gradient of x. */
    void backward(Tensor x, boolean accumulate) {
        Tensor stream = scratch.stream();
        feedForward.backward(feedForwardNorm.output(), branchGradient(), branchScale(), accumulate);
        feedForwardNorm.backward(middle, scratch.branch(), stream, true, accumulate);
        attention.backward(attentionNorm.output(), branchGradient(), branchScale(), accumulate);
        attentionNorm.backward(x, scratch.branch(), stream, true, accumulate);
    }

    /** The stream's gradient as the branch sees it; biases need the residual multiplier applied beforehand. */
    private Tensor branchGradient() {
        if (scratch.scaled() == null) {
            return scratch.stream();
        }
        backend.copy(scratch.stream(), scratch.scaled());
        backend.scale(residual, scratch.scaled());
        return scratch.scaled();
    }

    private double branchScale() {
        return scratch.scaled() == null ? residual : 1;
    }
}
