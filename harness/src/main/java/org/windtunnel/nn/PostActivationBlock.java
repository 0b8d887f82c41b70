package org.windtunnel.nn;

import org.windtunnel.backend.ImageKernels.Epilogue;
import org.windtunnel.nn.ResNetShape.BlockShape;
import org.windtunnel.tensor.Tensor;

/** relu(shortcut(x) + scale · norm(conv(relu(norm(conv(x)))))) (arXiv 1512.03385). */
final class PostActivationBlock extends ResidualBlock {
    private final Epilogue join;
    private final Tensor[] dConvolved;
    private final Tensor[] dActive;

    PostActivationBlock(ImageWiring w, BlockShape b, Tensor input, Tensor[] streams, int dIn) {
        super(w, b, input, streams, dIn);
        this.join = new Epilogue(scale, shortcut == null ? input : shortcut.output(), true);
        this.dConvolved = new Tensor[convolutions.length];
        this.dActive = new Tensor[convolutions.length];
        for (int i = 0; i < convolutions.length; i++) {
            dConvolved[i] = w.scratch(0, convolved[i]);
            dActive[i] = w.scratch(1, active[i]);
        }
    }

    @Override
    void run(boolean training, Probe probe) {
        if (shortcut != null) {
            shortcut.forward(input, training, probe);
        }
        Tensor x = input;
        for (int i = 0; i <= last(); i++) {
            convolutions[i].forward(x, convolved[i], probe);
            Epilogue after = i < last() ? Epilogue.RELU : end == null ? join : Epilogue.NONE;
            norms[i].forward(convolved[i], after, active[i], training, i < last() || end != null ? probe : null);
            x = active[i];
        }
        if (end != null) {
            end.forward(join, output, training);
        }
    }

    @Override
    void backward(boolean accumulate) {
        Tensor d = outputGradient();
        int n = last();
        if (end == null) {
            norms[n].backward(convolved[n], join, output, d, dConvolved[n], d, accumulate);
        } else {
            end.backward(join, output, d, dConvolved[n], accumulate);
            norms[n].backward(convolved[n], Epilogue.NONE, active[n], dConvolved[n], dConvolved[n], null, accumulate);
        }
        for (int i = n; i > 0; i--) {
            convolutions[i].backward(active[i - 1], dConvolved[i], dActive[i - 1], false, accumulate);
            norms[i - 1].backward(convolved[i - 1], Epilogue.RELU, active[i - 1], dActive[i - 1], dConvolved[i - 1],
                    null, accumulate);
        }
        boolean identity = shortcut == null;
        convolutions[0].backward(input, dConvolved[0], identity ? d : inputGradient(), identity, accumulate);
        if (!identity) {
            shortcut.backward(input, d, inputGradient(), true, accumulate);
        }
    }
}
