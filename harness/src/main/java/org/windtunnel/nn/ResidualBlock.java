package org.windtunnel.nn;

import org.windtunnel.backend.Backend;
import org.windtunnel.backend.ImageKernels.WindowShape;
import org.windtunnel.nn.ResNetShape.BlockShape;
import org.windtunnel.tensor.Tensor;

/** One residual block; the order of its layers is left to the two kinds. */
abstract class ResidualBlock {
    final Backend backend;
    final Convolution[] convolutions;
    final ImageNorm[] norms;
    /** What each convolution puts out. */
    final Tensor[] convolved;
    /** What each norm with its ReLU puts out; whether it comes before or after the convolution depends on the kind. */
    final Tensor[] active;
    final Tensor input;
    final Tensor output;
    final ResidualShortcut shortcut;
    final BranchEnd end;
    final double scale;
    private final Tensor dIn;
    private final Tensor dOut;
    private final String module;

    /**
     * @param input [B, H, W, C], the stream that enters; kept by the caller
     * @param streams two gradients of the stream; {@code dIn} tells which one is that of the input
     */
    ResidualBlock(ImageWiring w, BlockShape b, Tensor input, Tensor[] streams, int dIn) {
        ResNetShape s = w.shape();
        int count = s.block().convolutions();
        boolean ends = BranchEnd.exists(s);
        this.backend = w.backend();
        this.scale = w.multipliers().residual() * s.residualScale();
        this.convolutions = new Convolution[count];
        this.norms = new ImageNorm[count];
        this.convolved = new Tensor[count];
        this.active = new Tensor[count];
        this.input = input;
        this.output = w.images(b.outHeight(), b.outWidth(), b.out());
        boolean pre = s.order() == ResNetShape.Order.PRE_ACTIVATION;
        for (int i = 0; i < count; i++) {
            WindowShape window = ResNetFamily.convolution(s, b, i, w.batch());
            boolean last = i == count - 1;
            double factor = pre && last && !ends ? scale : 1;
            convolutions[i] = w.convolution(ResNetNames.convolution(b.index(), i), window, factor);
            norms[i] = new ImageNorm(w, w.names().norm(b.index(), i), pre ? window.in() : window.out());
            convolved[i] = pre && last && !ends ? output : w.output(window);
            active[i] = pre
                    ? w.images(window.height(), window.width(), window.in())
                    : last && !ends ? output : w.output(window);
        }
        this.shortcut = b.resized() ? new ResidualShortcut(w, b, skipOutput(w, pre, ends)) : null;
        this.end = BranchEnd.of(w, b, pre ? convolved[count - 1] : active[count - 1]);
        this.dIn = streams[dIn].slice(0, input.shape());
        this.dOut = streams[shortcut == null ? dIn : 1 - dIn].slice(0, output.shape());
        this.module = ResNetNames.block(b.index());
    }

    /** A pre-activation branch is added to the shortcut in place; otherwise the shortcut has memory of its own. */
    private Tensor skipOutput(ImageWiring w, boolean pre, boolean ends) {
        return pre && !ends ? output : w.memory().take(output.shape());
    }

    /** Where the gradient of the output is expected. */
    final Tensor outputGradient() {
        return dOut;
    }

    /** Where {@link #backward} leaves the gradient of the input. */
    final Tensor inputGradient() {
        return dIn;
    }

    final Tensor output() {
        return output;
    }

    final void forward(boolean training, Probe probe) {
        run(training, probe);
        if (probe != null) {
            probe.observe(module, output);
        }
    }

    /** Computes {@link #output}. */
    abstract void run(boolean training, Probe probe);

    /** From the output's gradient to the input's. */
    abstract void backward(boolean accumulate);

    final int last() {
        return convolutions.length - 1;
    }
}
