package org.windtunnel.nn;

import org.windtunnel.backend.ImageKernels.WindowShape;
import org.windtunnel.nn.ResNetShape.BlockShape;

/** Sizes of a residual network's activations. */
final class ResNetMemory {
    private ResNetMemory() {}

    /** Elements of the largest activation of a micro-batch, images aside. */
    static int largestActivation(ResNetShape shape, int batch) {
        long largest = 0;
        for (WindowShape s : ResNetFamily.stem(shape, 1)) {
            largest = Math.max(largest, s.outSize());
        }
        for (BlockShape b : shape.blocks()) {
            for (int i = 0; i < shape.block().convolutions(); i++) {
                WindowShape s = ResNetFamily.convolution(shape, b, i, 1);
                largest = Math.max(largest, Math.max(s.imageSize(), s.outSize()));
            }
        }
        return Math.toIntExact(largest * batch);
    }
}
