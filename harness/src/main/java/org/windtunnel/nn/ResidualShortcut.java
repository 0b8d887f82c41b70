package org.windtunnel.nn;

import org.windtunnel.backend.ImageKernels;
import org.windtunnel.backend.ImageKernels.Epilogue;
import org.windtunnel.backend.ImageKernels.WindowShape;
import org.windtunnel.nn.ResNetShape.BlockShape;
import org.windtunnel.nn.ResNetShape.Shortcut;
import org.windtunnel.tensor.Tensor;

/**
 * The shortcut of a block that changes sizes: an optional 2×2 average pooling, a 1×1 convolution, an optional norm.
 *
 * <p>Option A is the same convolution with a constant filter that copies each channel and leaves the added ones zero.
 */
final class ResidualShortcut {
    private final ImageWiring wiring;
    private final ImageKernels kernels;
    private final BlockShape block;
    private final Convolution convolution;
    private final ImageNorm norm;
    private final WindowShape pool;
    private final Tensor pooled;
    private final Tensor convolved;
    private final Tensor output;
    private final Tensor constant;

    /** @param output where the result goes */
    ResidualShortcut(ImageWiring w, BlockShape b, Tensor output) {
        ResNetShape s = w.shape();
        this.wiring = w;
        this.kernels = w.kernels();
        this.block = b;
        boolean pools = s.averageDownsample() && b.stride() > 1;
        this.pool = pools
                ? new WindowShape(w.batch(), b.height(), b.width(), b.in(), b.in(), b.stride(), b.stride(), 0)
                : null;
        this.pooled = pools ? w.images(b.outHeight(), b.outWidth(), b.in()) : null;
        WindowShape window = pools
                ? new WindowShape(w.batch(), b.outHeight(), b.outWidth(), b.in(), b.out(), 1, 1, 0)
                : new WindowShape(w.batch(), b.height(), b.width(), b.in(), b.out(), 1, b.stride(), 0);
        String module = ResNetNames.shortcut(b.index());
        boolean projects = s.shortcut() == Shortcut.B;
        this.constant = projects ? null : w.memory().take(b.out(), b.in(), 1, 1);
        this.convolution = projects
                ? w.convolution(module, window, 1)
                : new Convolution(w, module, window, 1, constant, null);
        boolean normalises = projects && w.names().normalisesShortcut();
        this.norm = normalises ? new ImageNorm(w, w.names().shortcutNorm(b.index()), b.out()) : null;
        this.convolved = normalises ? w.output(window) : output;
        this.output = output;
        if (constant != null && w.backend() != null) {
            copyChannels();
        }
    }

    private void copyChannels() {
        float[] filter = new float[block.out() * block.in()];
        int before = (block.out() - block.in()) / 2;
        for (int c = 0; c < block.in(); c++) {
            filter[(before + c) * block.in() + c] = 1;
        }
        constant.set(filter);
    }

    /** What stands in for the identity. */
    Tensor output() {
        return output;
    }

    void forward(Tensor x, boolean training, Probe probe) {
        if (pool != null) {
            kernels.averagePoolForward(pool, x, pooled);
        }
        convolution.forward(pool == null ? x : pooled, convolved, probe);
        if (norm != null) {
            norm.forward(convolved, Epilogue.NONE, output, training, probe);
        }
    }

    /** dx (+)= the gradient of x; dy is overwritten where there is a norm. */
    void backward(Tensor x, Tensor dy, Tensor dx, boolean addToDx, boolean accumulate) {
        if (norm != null) {
            norm.backward(convolved, Epilogue.NONE, output, dy, dy, null, accumulate);
        }
        if (pool == null) {
            convolution.backward(x, dy, dx, addToDx, accumulate);
        } else {
            Tensor dPooled = wiring.scratch(0, pooled);
            convolution.backward(pooled, dy, dPooled, false, accumulate);
            kernels.averagePoolBackward(pool, dPooled, dx, addToDx);
        }
    }
}
