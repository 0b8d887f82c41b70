package org.windtunnel.nn;

import org.windtunnel.backend.Backend;
import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.backend.StreamGradient;
import org.windtunnel.tensor.Tensor;

/** The feed-forward branch: c_fc, activation, c_proj of GPT, or SwiGLU of LLaMA with gate and up as one gemm. */
final class FeedForward {
    private final Backend backend;
    private final boolean gated;
    private final Activation activation;
    private final Linear up;
    private final Linear down;
    private final Tensor before;
    private final Tensor hidden;
    private final Tensor dHidden;
    private final Tensor dBefore;
    private final String branch;
    private final String probed;

    FeedForward(Wiring w, int layer) {
        TransformerShape s = w.shape();
        this.backend = w.backend();
        this.gated = s.activation() == null;
        this.activation = s.activation();
        this.up = w.fused(w.names().feedForwardIn(layer));
        this.down = w.linear(w.names().feedForwardOut(layer), w.multipliers().residual());
        this.before = w.keepOperand(s.ffnInWidth());
        this.hidden = w.keepOperand(s.ffnWidth());
        this.dHidden = w.wide(s.ffnWidth());
        this.dBefore = gated ? before : dHidden;
        this.branch = w.names().block(layer) + "mlp";
        this.probed = branch + ".hidden";
    }

    /** The branch's last layer. */
    Linear output() {
        return down;
    }

    /** @param x [N, D], normalised @param end where the branch's output goes */
    void forward(Tensor x, Junction end, Probe probe) {
        up.product(x, before);
        if (gated) {
            backend.swigluForward(before, hidden);
        } else {
            backend.activationForward(activation, before, up.bias(), hidden);
        }
        if (probe != null) {
            probe.observe(probed, hidden);
        }
        down.show(probe, branch, hidden);
        end.add(hidden);
    }

    /** dx = gradient with respect to the normalised input x. */
    void backward(Tensor x, StreamGradient dy, Tensor dx, boolean accumulate) {
        down.backward(hidden, dy, dHidden, accumulate);
        if (gated) {
            backend.swigluBackward(before, dHidden, dBefore);
        } else {
            backend.activationBackward(activation, before, dHidden, dBefore, up.biasGradient(), accumulate);
        }
        up.productBackward(x, dBefore, dx, accumulate);
    }
}
