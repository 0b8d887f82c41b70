package org.windtunnel.nn;

import org.windtunnel.backend.ImageKernels.Epilogue;
import org.windtunnel.nn.ResNetShape.BlockShape;
import org.windtunnel.nn.ResNetShape.Shortcut;
import org.windtunnel.tensor.Tensor;

/**
 * shortcut + scale · conv(relu(norm(conv(relu(norm(x)))))) (arXiv 1603.05027). A projection starts from the first ReLU,
 * as in the paper's own code; the identity and option A start from x.
 */
final class PreActivationBlock extends ResidualBlock {
    private final Epilogue join;
    private final boolean projects;
    private final Tensor[] dConvolved;
    private final Tensor[] dActive;
    private final Tensor dFirst;

    PreActivationBlock(ImageWiring w, BlockShape b, Tensor input, Tensor[] streams, int dIn) {
        super(w, b, input, streams, dIn);
        this.join = new Epilogue(scale, shortcut == null ? input : shortcut.output(), false);
        this.projects = shortcut != null && w.shape().shortcut() == Shortcut.B;
        this.dConvolved = new Tensor[convolutions.length];
        this.dActive = new Tensor[convolutions.length];
        for (int i = 0; i < convolutions.length; i++) {
            dConvolved[i] = w.scratch(0, convolved[i]);
            dActive[i] = w.scratch(1, active[i]);
        }
        this.dFirst = w.scratch(0, input);
    }

    @Override
    void run(boolean training, Probe probe) {
        norms[0].forward(input, Epilogue.RELU, active[0], training, probe);
        if (shortcut != null) {
            shortcut.forward(projects ? active[0] : input, training, probe);
        } else if (end == null) {
            backend.copy(input, output);
        }
        for (int i = 0; i < last(); i++) {
            convolutions[i].forward(active[i], convolved[i], probe);
            norms[i + 1].forward(convolved[i], Epilogue.RELU, active[i + 1], training, probe);
        }
        if (end == null) {
            convolutions[last()].addTo(active[last()], output);
        } else {
            convolutions[last()].forward(active[last()], convolved[last()], probe);
            end.forward(join, output, training);
        }
    }

    @Override
    void backward(boolean accumulate) {
        Tensor d = outputGradient();
        int n = last();
        Tensor dBranch = d;
        if (end != null) {
            dBranch = dConvolved[n];
            end.backward(join, output, d, dBranch, accumulate);
        }
        convolutions[n].backward(active[n], dBranch, dActive[n], false, accumulate);
        for (int i = n; i > 0; i--) {
            norms[i].backward(
                    convolved[i - 1], Epilogue.RELU, active[i], dActive[i], dConvolved[i - 1], null, accumulate);
            convolutions[i - 1].backward(active[i - 1], dConvolved[i - 1], dActive[i - 1], false, accumulate);
        }
        if (projects) {
            shortcut.backward(active[0], d, dActive[0], true, accumulate);
            norms[0].backward(input, Epilogue.RELU, active[0], dActive[0], inputGradient(), null, accumulate);
        } else {
            if (shortcut != null) {
                shortcut.backward(input, d, inputGradient(), false, accumulate);
            }
            norms[0].backward(input, Epilogue.RELU, active[0], dActive[0], dFirst, null, accumulate);
            backend.axpy(1, dFirst, inputGradient());
        }
    }
}
