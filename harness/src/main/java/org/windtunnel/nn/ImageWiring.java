package org.windtunnel.nn;

import java.util.Map;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.ImageKernels;
import org.windtunnel.backend.ImageKernels.WindowShape;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Tensor;

/**
 * What the layers of one residual network are built from.
 *
 * @param backend runs the kernels; null when memory is only counted
 * @param kernels of that backend; null likewise
 * @param batch images B of a micro-batch
 * @param memory gives the tensors that must survive from the forward to the backward pass
 * @param buffers receives the running statistics by name
 * @param scratch two gradients that every branch shares, each large enough for any activation
 * @param dropPath null without
 */
record ImageWiring(
        Backend backend,
        ImageKernels kernels,
        ResNetShape shape,
        ForwardMultipliers multipliers,
        Parameters parameters,
        int batch,
        Allocator memory,
        Map<String, Tensor> buffers,
        Tensor[] scratch,
        DropPath dropPath) {

    ResNetNames names() {
        return new ResNetNames(shape);
    }

    /** [B, H, W, C], kept until the backward pass. */
    Tensor images(int height, int width, int channels) {
        return memory.take(batch, height, width, channels);
    }

    /** What a convolution puts out. */
    Tensor output(WindowShape s) {
        return images(s.outHeight(), s.outWidth(), s.out());
    }

    /** Shared memory {@code which}, 0 or 1, in the shape of an activation. */
    Tensor scratch(int which, Tensor like) {
        return scratch[which].slice(0, like.shape());
    }

    Convolution convolution(String module, WindowShape s, double scale) {
        String name = ResNetNames.weight(module);
        return new Convolution(this, module, s, scale, parameters.weight(name), parameters.gradient(name));
    }

    Linear linear(String module, int rows) {
        String weight = ResNetNames.weight(module);
        String bias = ResNetNames.bias(module);
        return new Linear(backend, rows, parameters.matrix(weight),
                parameters.weight(bias), parameters.gradient(bias), 1, null);
    }
}
