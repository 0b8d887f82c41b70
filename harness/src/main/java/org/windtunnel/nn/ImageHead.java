package org.windtunnel.nn;

import org.windtunnel.backend.ImageKernels;
import org.windtunnel.backend.ImageKernels.Epilogue;
import org.windtunnel.config.TrainSpec.Loss;
import org.windtunnel.nn.ResNetShape.Order;
import org.windtunnel.tensor.Tensor;

/** The last norm of pre-activation networks, global average pooling, logits and loss. */
final class ImageHead {
    private final ImageKernels kernels;
    private final int batch;
    private final ImageNorm norm;
    private final Tensor input;
    private final Tensor active;
    private final Tensor dActive;
    private final Tensor means;
    private final Tensor dMeans;
    private final Classifier classifier;

    /** @param input what the last block puts out */
    ImageHead(ImageWiring w, Tensor input) {
        ResNetShape s = w.shape();
        boolean normalises = s.order() == Order.PRE_ACTIVATION;
        this.kernels = w.kernels();
        this.batch = w.batch();
        this.norm = normalises ? new ImageNorm(w, w.names().norm("_f"), s.lastWidth()) : null;
        this.input = input;
        this.active = normalises ? w.memory().take(input.shape()) : input;
        this.dActive = w.scratch(0, input);
        this.means = w.memory().take(batch, s.lastWidth());
        this.dMeans = w.memory().take(batch, s.lastWidth());
        this.classifier = new Classifier(w.backend(), w.parameters(), ResNetFamily.READOUT, w.multipliers().readout(),
                s.labelSmoothing(), means, w.memory());
    }

    Tensor logits() {
        return classifier.logits();
    }

    void setLoss(Loss loss) {
        classifier.setLoss(loss);
    }

    void forward(boolean training, Probe probe) {
        if (norm != null) {
            norm.forward(input, Epilogue.RELU, active, training, probe);
        }
        kernels.globalAverageForward(batch, active, means);
        classifier.forward(probe);
    }

    /** As {@link Classifier#loss}. */
    void loss(Tensor targets, double[] sums) {
        classifier.loss(targets, sums);
    }

    /** As {@link Model#mixTargets}. */
    void mix(int[] seconds, float[] shares) {
        classifier.mix(seconds, shares);
    }

    /** Loss and backward pass: d is overwritten with the gradient of the input, the logits with theirs. */
    void backward(Tensor targets, double zWeight, double gradScale, Tensor d, boolean accumulate, double[] sums) {
        classifier.backward(targets, zWeight, gradScale, dMeans, accumulate, sums);
        kernels.globalAverageBackward(batch, dMeans, norm == null ? d : dActive, false);
        if (norm != null) {
            norm.backward(input, Epilogue.RELU, active, dActive, d, null, accumulate);
        }
    }
}
