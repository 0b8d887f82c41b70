package org.windtunnel.nn;

import org.windtunnel.backend.Backend;
import org.windtunnel.backend.ImageKernels;
import org.windtunnel.backend.ImageKernels.Epilogue;
import org.windtunnel.config.TrainSpec.Loss;
import org.windtunnel.nn.ResNetShape.Order;
import org.windtunnel.tensor.Tensor;

/** The last norm of pre-activation networks, global average pooling, logits and loss. */
final class ImageHead {
    private final Backend backend;
    private final ImageKernels kernels;
    private final int batch;
    private final SoftTargets soft;
    private final ImageNorm norm;
    private final Tensor input;
    private final Tensor active;
    private final Tensor dActive;
    private final Tensor means;
    private final Tensor dMeans;
    private final Linear readout;
    private final Tensor bias;
    private final Tensor dBias;
    private final Tensor logits;
    private Loss loss = Loss.CROSS_ENTROPY;

    /** @param input what the last block puts out */
    ImageHead(ImageWiring w, Tensor input) {
        ResNetShape s = w.shape();
        boolean normalises = s.order() == Order.PRE_ACTIVATION;
        String weight = ResNetNames.weight(ResNetFamily.READOUT);
        this.backend = w.backend();
        this.kernels = w.kernels();
        this.batch = w.batch();
        this.soft = new SoftTargets(s.labelSmoothing(), batch, s.classes());
        this.norm = normalises ? new ImageNorm(w, w.names().norm("_f"), s.lastWidth()) : null;
        this.input = input;
        this.active = normalises ? w.memory().take(input.shape()) : input;
        this.dActive = w.scratch(0, input);
        this.means = w.memory().take(batch, s.lastWidth());
        this.dMeans = w.memory().take(batch, s.lastWidth());
        this.logits = w.memory().take(batch, s.classes());
        // The multiplier is one of the input (Tensor Programs V, table 8), so the bias is added on its own.
        this.readout = new Linear(backend, batch, w.parameters().weight(weight), w.parameters().gradient(weight), null,
                null, w.multipliers().readout(), null);
        this.bias = w.parameters().weight(ResNetNames.bias(ResNetFamily.READOUT));
        this.dBias = w.parameters().gradient(ResNetNames.bias(ResNetFamily.READOUT));
    }

    Tensor logits() {
        return logits;
    }

    void setLoss(Loss newLoss) {
        loss = newLoss;
    }

    void forward(boolean training, Probe probe) {
        if (norm != null) {
            norm.forward(input, Epilogue.RELU, active, training, probe);
        }
        kernels.globalAverageForward(batch, active, means);
        readout.forward(means, logits);
        backend.addBias(logits, bias);
        if (probe != null) {
            readout.show(probe, ResNetFamily.READOUT, means);
            probe.observe(ResNetFamily.READOUT, logits);
        }
    }

    /** Sums as in {@link Model#evaluate}; the logits stay what they are. Labels are not smoothed. */
    void loss(Tensor targets, double[] sums) {
        switch (loss) {
            case CROSS_ENTROPY -> backend.crossEntropy(logits, targets, 0, 0, false, sums);
            case MSE -> backend.squaredError(logits, targets, 0, false, sums);
        }
    }

    /** Second labels of the micro-batch and their shares, for training passes; null for none. */
    void mix(int[] seconds, float[] shares) {
        soft.mix(seconds, shares);
    }

    /** Whether each target of the next pass is one class. */
    boolean hasHardTargets() {
        return soft.isHard();
    }

    /** Loss and backward pass: d is overwritten with the gradient of the input, the logits with theirs. */
    void backward(Tensor targets, double zWeight, double gradScale, Tensor d, boolean accumulate, double[] sums) {
        soft.beforeLoss(logits);
        switch (loss) {
            case CROSS_ENTROPY -> backend.crossEntropy(logits, targets, zWeight, gradScale, true, sums);
            case MSE -> backend.squaredError(logits, targets, gradScale, true, sums);
        }
        soft.afterLoss(loss, targets, gradScale, logits, sums);
        readout.backward(means, logits, dMeans, accumulate);
        backend.columnSum(logits, dBias, accumulate);
        kernels.globalAverageBackward(batch, dMeans, norm == null ? d : dActive, false);
        if (norm != null) {
            norm.backward(input, Epilogue.RELU, active, dActive, d, null, accumulate);
        }
    }
}
