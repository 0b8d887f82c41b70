package org.windtunnel.nn;

import org.windtunnel.backend.Backend;
import org.windtunnel.backend.SoftTargets;
import org.windtunnel.config.TrainSpec.Loss;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/** The readout of image models: logits of B rows of features, and the loss. */
final class Classifier {
    private final Backend backend;
    private final String module;
    private final Tensor features;
    private final Linear readout;
    private final Tensor bias;
    private final Tensor dBias;
    private final Tensor logits;
    private final SoftTargets smoothed;
    private final SoftTargets mixed;
    /** Null where each target of a training pass is one class. */
    private SoftTargets soft;
    private Loss loss = Loss.CROSS_ENTROPY;

    /**
     * @param module the linear layer, with or without a bias
     * @param multiplier constant on its input
     * @param labelSmoothing share of the training target that is spread evenly over the classes
     * @param features [B, D], what goes in
     */
    Classifier(Backend backend, Parameters parameters, String module, double multiplier, double labelSmoothing,
            Tensor features, Allocator memory) {
        String weight = module + ".weight";
        String biasName = module + ".bias";
        boolean biased = parameters.specs().stream().anyMatch(p -> p.name().equals(biasName));
        int batch = features.dim(0);
        int classes = parameters.weight(weight).dim(0);
        this.backend = backend;
        this.module = module;
        this.features = features;
        // The multiplier is one of the input (Tensor Programs V, table 8), so the bias is added on its own.
        this.readout = new Linear(backend, batch, parameters.matrix(weight), null, null, multiplier, null);
        this.bias = biased ? parameters.weight(biasName) : null;
        this.dBias = biased ? parameters.gradient(biasName) : null;
        this.logits = memory.take(batch, classes);
        this.smoothed = labelSmoothing == 0 ? null : new SoftTargets(labelSmoothing, null, null);
        this.mixed = new SoftTargets(labelSmoothing, memory.take(DType.INT32, batch), memory.take(batch));
        this.soft = smoothed;
    }

    Tensor logits() {
        return logits;
    }

    void setLoss(Loss newLoss) {
        loss = newLoss;
    }

    void forward(Probe probe) {
        readout.forward(features, logits);
        if (bias != null) {
            backend.addBias(logits, bias);
        }
        if (probe != null) {
            readout.show(probe, module, features);
            probe.observe(module, logits);
        }
    }

    /** Sums as in {@link Model#evaluate}; the logits stay what they are. Labels are not smoothed. */
    void loss(Tensor targets, double[] sums) {
        Losses.run(backend, loss, logits, targets, 0, 0, null, sums);
    }

    /** As {@link Model#mixTargets}. */
    void mix(int[] seconds, float[] shares) {
        if (seconds != null) {
            mixed.seconds().set(seconds);
            mixed.shares().set(shares);
        }
        soft = seconds == null ? smoothed : mixed;
    }

    /** Loss and backward pass: dFeatures is overwritten with the gradient of the features, the logits with theirs. */
    void backward(
            Tensor targets, double zWeight, double gradScale, Tensor dFeatures, boolean accumulate, double[] sums) {
        if (soft == null) {
            Losses.run(backend, loss, logits, targets, zWeight, gradScale, logits, sums);
        } else {
            Losses.run(backend, loss, logits, targets, soft, zWeight, gradScale, sums);
        }
        readout.backward(features, logits, dFeatures, accumulate);
        if (bias != null) {
            backend.columnSum(logits, dBias, accumulate);
        }
    }
}
