package org.windtunnel.nn;

import org.windtunnel.backend.Backend;
import org.windtunnel.backend.ImageKernels;
import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.nn.ResNetShape.BlockShape;
import org.windtunnel.tensor.Tensor;

/** Channels weighted by sigmoid(fc2(relu(fc1(their means)))) (arXiv 1709.01507). */
final class SqueezeExcitation {
    private final Backend backend;
    private final ImageKernels kernels;
    private final int batch;
    private final Linear down;
    private final Linear up;
    private final Tensor means;
    private final Tensor hidden;
    private final Tensor active;
    private final Tensor gates;
    private final Tensor dGates;
    private final Tensor dHidden;

    SqueezeExcitation(ImageWiring w, BlockShape b) {
        int units = w.shape().squeezed(b);
        this.backend = w.backend();
        this.kernels = w.kernels();
        this.batch = w.batch();
        this.down = w.linear(ResNetNames.squeeze(b.index(), 0), batch);
        this.up = w.linear(ResNetNames.squeeze(b.index(), 1), batch);
        this.means = w.memory().take(batch, b.out());
        this.hidden = w.memory().take(batch, units);
        this.active = w.memory().take(batch, units);
        this.gates = w.memory().take(batch, b.out());
        this.dGates = w.memory().take(batch, b.out());
        this.dHidden = w.memory().take(batch, units);
    }

    void forward(Tensor x, Tensor y) {
        kernels.globalAverageForward(batch, x, means);
        down.forward(means, hidden);
        backend.activationForward(Activation.RELU, hidden, null, active);
        up.forward(active, gates);
        kernels.gateForward(batch, x, gates, y);
    }

    /** Gradients of the parameters, and d from the gradient of y to that of x, in place. */
    void backward(Tensor x, Tensor d, boolean accumulate) {
        kernels.gateBackward(batch, x, gates, d, d, dGates);
        up.backward(active, dGates, dHidden, accumulate);
        backend.activationBackward(Activation.RELU, hidden, dHidden, dHidden);
        down.backward(means, dHidden, dGates, accumulate);
        kernels.globalAverageBackward(batch, dGates, d, true);
    }
}
