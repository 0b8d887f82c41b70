package org.windtunnel.nn;

import org.windtunnel.backend.Backend;
import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.config.TrainSpec.Loss;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/**
 * A multilayer perceptron with an explicit backward pass: h_0 the pixels, h_i = activation(W_i h_(i-1) + b_i), logits
 * W h_L + b.
 *
 * <p>{@link #inputs} is of the floating-point type, [B, C, H, W], read as B rows; {@link #targets} is INT32 [B];
 * {@link #logits} are [B, classes]. A probe sees what each linear layer puts out, before the activation.
 *
 * <p>Everything is taken from the allocator at construction, so a pass allocates nothing. With a counting allocator the
 * model can't run. Belongs to the thread that uses its backend.
 */
public final class Mlp implements Model {
    private final Backend backend;
    private final Activation activation;
    private final Parameters parameters;
    private final Tensor inputs;
    private final Tensor targets;
    private final Linear[] layers;
    private final String[] names;
    private final Tensor[] before;
    private final Tensor[] active;
    private final Tensor[] gradients;
    private final Classifier classifier;
    private Probe probe;

    /**
     * @param backend runs the passes; may be null with a counting allocator
     * @param multiplier constant on the readout's input
     * @param microBatch images B of a forward and backward pass
     * @param memory gives parameters, gradients and activations
     */
    Mlp(Backend backend, MlpShape shape, double multiplier, int microBatch, Loss loss, Allocator memory) {
        int depth = shape.depth();
        this.backend = backend;
        this.activation = shape.activation();
        this.parameters = Parameters.withOperands(new MlpFamily(shape).parameters(), memory);
        this.inputs = memory.take(microBatch, shape.channels(), shape.height(), shape.imageWidth());
        this.targets = memory.take(DType.INT32, microBatch);
        this.layers = new Linear[depth];
        this.names = new String[depth];
        this.before = new Tensor[depth];
        this.active = new Tensor[depth + 1];
        DType type = memory.operandType();
        this.gradients = new Tensor[] {
            memory.take(type, microBatch, shape.width()), memory.take(type, microBatch, shape.width())
        };
        active[0] = inputs.reshape(microBatch, shape.inputs());
        for (int i = 0; i < depth; i++) {
            names[i] = MlpFamily.layer(i);
            layers[i] = linear(names[i], shape.bias(), microBatch);
            before[i] = memory.take(type, microBatch, shape.width());
            active[i + 1] = memory.take(type, microBatch, shape.width());
        }
        this.classifier = new Classifier(backend, parameters, MlpFamily.READOUT, multiplier, 0, active[depth], memory);
        classifier.setLoss(loss);
    }

    private Linear linear(String module, boolean biased, int rows) {
        String weight = MlpFamily.weight(module);
        String bias = MlpFamily.bias(module);
        return new Linear(backend, rows, parameters.matrix(weight),
                biased ? parameters.weight(bias) : null, biased ? parameters.gradient(bias) : null, 1, null);
    }

    @Override
    public Parameters parameters() {
        return parameters;
    }

    @Override
    public void setProbe(Probe newProbe) {
        probe = newProbe;
    }

    @Override
    public Tensor inputs() {
        return inputs;
    }

    @Override
    public Tensor targets() {
        return targets;
    }

    @Override
    public void mixTargets(int[] seconds, float[] shares) {
        classifier.mix(seconds, shares);
    }

    @Override
    public void forwardBackward(double gradScale, double zWeight, boolean accumulate, double[] sums) {
        if (!accumulate) {
            parameters.updateOperands(backend);
        }
        forward();
        Tensor d = gradients[0];
        classifier.backward(targets, zWeight, gradScale, d, accumulate, sums);
        for (int i = layers.length - 1; i >= 0; i--) {
            Tensor dInput = i == 0 ? null : gradients[d == gradients[0] ? 1 : 0];
            backend.activationBackward(activation, before[i], d, d, layers[i].biasGradient(), accumulate);
            layers[i].productBackward(active[i], d, dInput, accumulate);
            d = dInput;
        }
    }

    @Override
    public boolean isRepeatable() {
        return probe == null;
    }

    @Override
    public void evaluate(double[] sums) {
        parameters.updateOperands(backend);
        forward();
        classifier.loss(targets, sums);
    }

    @Override
    public Tensor evaluatedLogits() {
        return classifier.logits();
    }

    @Override
    public Tensor logits() {
        parameters.updateOperands(backend);
        forward();
        return classifier.logits();
    }

    private void forward() {
        for (int i = 0; i < layers.length; i++) {
            layers[i].product(active[i], before[i]);
            backend.activationForward(activation, before[i], layers[i].bias(), active[i + 1]);
            if (probe != null) {
                layers[i].show(probe, names[i], active[i]);
                probe.observe(names[i], before[i]);
            }
        }
        classifier.forward(probe);
    }
}
