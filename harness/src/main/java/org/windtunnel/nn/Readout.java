package org.windtunnel.nn;

import org.windtunnel.backend.Backend;
import org.windtunnel.backend.StreamGradient;
import org.windtunnel.config.TrainSpec.Loss;
import org.windtunnel.tensor.Tensor;

/** Final norm, logits and loss. */
final class Readout {
    /** Rows of an operand's own type are a multiple of this apart, so that each begins where tensor cores read well. */
    private static final int ROW = 8;

    private final Backend backend;
    private final Norm norm;
    private final Linear head;
    private final Tensor input;
    private final Tensor normed;
    private final Tensor logits;
    private final Tensor dLogits;
    private final Tensor branch;
    private final String[] probed;
    private Loss loss = Loss.CROSS_ENTROPY;

    /** @param input [N, D], the stream after the last block */
    Readout(Wiring w, Tensor input) {
        TransformerShape s = w.shape();
        String table = s.tied() ? w.names().tokens() : TransformerNames.weight(w.names().readout());
        this.backend = w.backend();
        this.norm = w.norm(w.names().finalNorm());
        this.head = new Linear(
                backend, w.rows(), w.parameters().matrix(table), null, null, w.multipliers().readout(), null);
        this.input = input;
        this.normed = w.keepOperand(s.width());
        this.logits = w.keep(s.vocab());
        this.dLogits = w.roundsOperands() ? w.keepOperand((s.vocab() + ROW - 1) / ROW * ROW) : logits;
        this.branch = w.branch(s.width());
        this.probed = new String[] {w.names().finalNorm(), w.names().readout()};
    }

    Tensor logits() {
        return logits;
    }

    /** @param start where the last block ends */
    void normalise(Junction start) {
        start.normalise(norm, normed);
    }

    /** The rest of the pass, after {@link #normalise}. */
    void forward(Probe probe) {
        head.forward(normed, logits);
        if (probe != null) {
            probe.observe(probed[0], normed);
            head.show(probe, probed[1], normed);
            probe.observe(probed[1], logits);
        }
    }

    void setLoss(Loss newLoss) {
        loss = newLoss;
    }

    /** Sums as in {@link org.windtunnel.backend.LayerKernels}' losses; the logits stay what they are. */
    void loss(Tensor targets, double[] sums) {
        Losses.run(backend, loss, logits, targets, 0, 0, null, sums);
    }

    /** Loss and backward pass: dStream is overwritten, and maybe the logits with their gradient. */
    void backward(
            Tensor targets, double zWeight, double gradScale, StreamGradient dStream, boolean accumulate,
            double[] sums) {
        Losses.run(backend, loss, logits, targets, zWeight, gradScale, dLogits, sums);
        head.backward(normed, dLogits, branch, accumulate);
        norm.backward(input, branch, dStream, false, accumulate);
    }
}
