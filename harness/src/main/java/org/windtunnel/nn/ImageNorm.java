package org.windtunnel.nn;

import org.windtunnel.backend.ImageKernels;
import org.windtunnel.backend.ImageKernels.Epilogue;
import org.windtunnel.nn.ResNetShape.Norm;
import org.windtunnel.tensor.Tensor;

/** Batch or group norm of images, or a bias in place of one, with what follows it in the same pass. */
final class ImageNorm {
    private final ImageKernels kernels;
    private final String module;
    private final ResNetShape shape;
    private final int batch;
    private final Tensor gain;
    private final Tensor dGain;
    private final Tensor bias;
    private final Tensor dBias;
    private final Tensor stats;
    private final Tensor runningMean;
    private final Tensor runningVar;

    /** @param channels of the images */
    ImageNorm(ImageWiring w, String module, int channels) {
        this.kernels = w.kernels();
        this.module = module;
        this.shape = w.shape();
        this.batch = w.batch();
        boolean hasGain = w.names().hasGain();
        this.gain = hasGain ? w.parameters().weight(ResNetNames.weight(module)) : null;
        this.dGain = hasGain ? w.parameters().gradient(ResNetNames.weight(module)) : null;
        this.bias = w.parameters().weight(ResNetNames.bias(module));
        this.dBias = w.parameters().gradient(ResNetNames.bias(module));
        boolean batchNorm = shape.norm() == Norm.BATCH;
        this.stats = batchNorm
                ? w.memory().take(2, channels)
                : shape.norm() == Norm.GROUP ? w.memory().take(batch, shape.groups(), 2) : null;
        this.runningMean = batchNorm ? w.memory().take(channels) : null;
        this.runningVar = batchNorm ? w.memory().take(channels) : null;
        if (batchNorm) {
            w.buffers().put(module + ".running_mean", runningMean);
            w.buffers().put(module + ".running_var", runningVar);
            if (w.backend() != null) {
                w.backend().fill(runningVar, 1);
            }
        }
    }

    /** @param training whether the batch's own statistics count, and enter the running ones */
    void forward(Tensor x, Epilogue epilogue, Tensor y, boolean training, Probe probe) {
        switch (shape.norm()) {
            case BATCH -> {
                if (training) {
                    kernels.batchNormForward(x, gain, bias, shape.normEps(), stats, runningMean, runningVar,
                            shape.normMomentum(), epilogue, y);
                } else {
                    kernels.batchNormInference(x, gain, bias, shape.normEps(), runningMean, runningVar, epilogue, y);
                }
            }
            case GROUP -> kernels.groupNormForward(
                    batch, shape.groups(), x, gain, bias, shape.normEps(), stats, epilogue, y);
            case NONE -> kernels.shiftForward(batch, x, bias, null, epilogue, y);
        }
        if (probe != null) {
            probe.observe(module, y);
        }
    }

    /** Gradients of gain and bias; dx and dSkip as in {@link ImageKernels#batchNormBackward}. */
    void backward(
            Tensor x,
            Epilogue epilogue,
            Tensor y,
            Tensor dy,
            Tensor dx,
            Tensor dSkip,
            boolean accumulate) {
        switch (shape.norm()) {
            case BATCH -> kernels.batchNormBackward(
                    x, gain, stats, epilogue, y, dy, dx, dSkip, false, dGain, dBias, accumulate);
            case GROUP -> kernels.groupNormBackward(batch, shape.groups(), x, gain, stats, epilogue, y, dy, dx, dSkip,
                    false, dGain, dBias, accumulate);
            case NONE -> kernels.shiftBackward(batch, null, epilogue, y, dy, dx, dSkip, false, dBias, accumulate);
        }
    }
}
