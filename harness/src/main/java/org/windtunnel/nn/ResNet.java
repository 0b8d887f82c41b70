package org.windtunnel.nn;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.TrainSpec.Loss;
import org.windtunnel.nn.ResNetShape.BlockShape;
import org.windtunnel.nn.ResNetShape.Order;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/**
 * A residual network for images with an explicit backward pass: CIFAR-style and ResNet-RS variants of
 * {@link ResNetShape}.
 *
 * <p>{@link #inputs} is of the floating-point type, [B, C, H, W] as in PyTorch (the network changes to channels-last
 * itself); {@link #targets} is INT32 [B]; {@link #logits} are [B, classes]. {@link #forwardBackward} normalises with the
 * statistics of the micro-batch and moves the running ones; {@link #evaluate} and {@link #logits} use the running ones.
 *
 * <p>Everything is taken from the allocator at construction and every view is made then, so a pass allocates nothing.
 * With a counting allocator the model can't run. Belongs to the thread that uses its backend.
 */
public final class ResNet implements Model {
    private final Parameters parameters;
    private final Map<String, Tensor> buffers = new LinkedHashMap<>();
    private final Tensor inputs;
    private final Tensor targets;
    private final DropPath dropPath;
    private final ImageStem stem;
    private final ResidualBlock[] blocks;
    private final ImageHead head;
    private final Tensor dLast;
    private final Tensor dFirst;
    private long seed;
    private Probe probe;

    /**
     * @param backend runs the passes; may be null with a counting allocator
     * @param microBatch images B of a forward and backward pass
     * @param memory gives parameters, gradients and activations
     */
    public ResNet(
            Backend backend, ResNetShape shape, ForwardMultipliers multipliers, int microBatch, Allocator memory) {
        if (microBatch <= 0) {
            throw new IllegalArgumentException("expected a positive micro-batch, found " + microBatch);
        }
        this.parameters = new Parameters(ResNetFamily.declare(shape), memory);
        this.inputs = memory.take(microBatch, shape.channels(), shape.height(), shape.imageWidth());
        this.targets = memory.take(DType.INT32, microBatch);
        int largest = ResNetMemory.largestActivation(shape, microBatch);
        Tensor[] scratch = {memory.take(largest), memory.take(largest)};
        Tensor[] streams = {memory.take(largest), memory.take(largest)};
        this.dropPath = shape.dropPath() == 0
                ? null
                : new DropPath(backend, shape.blockCount(), shape.dropPath(), microBatch, memory);
        ImageWiring wiring = new ImageWiring(backend, backend == null ? null : backend.images(), shape, multipliers,
                parameters, microBatch, memory, buffers, scratch, dropPath);
        this.stem = new ImageStem(wiring);
        List<BlockShape> shapes = shape.blocks();
        this.blocks = new ResidualBlock[shapes.size()];
        Tensor at = stem.output();
        int gradient = 0;
        for (BlockShape b : shapes) {
            ResidualBlock block = shape.order() == Order.POST_ACTIVATION
                    ? new PostActivationBlock(wiring, b, at, streams, gradient)
                    : new PreActivationBlock(wiring, b, at, streams, gradient);
            blocks[b.index()] = block;
            at = block.output();
            gradient = b.resized() ? 1 - gradient : gradient;
        }
        this.head = new ImageHead(wiring, at);
        this.dLast = blocks[blocks.length - 1].outputGradient();
        this.dFirst = blocks[0].inputGradient();
    }

    @Override
    public void setProbe(Probe newProbe) {
        probe = newProbe;
    }

    /** Trains and evaluates with this loss from the next pass on; cross entropy is the default. */
    public void setLoss(Loss loss) {
        head.setLoss(loss);
    }

    /** Seed of drop path from the next draw on, 0 if never set. */
    public void setSeed(long newSeed) {
        seed = newSeed;
    }

    @Override
    public void mixTargets(int[] seconds, float[] shares) {
        head.mix(seconds, shares);
    }

    @Override
    public Parameters parameters() {
        return parameters;
    }

    /** Running means and variances. */
    @Override
    public Map<String, Tensor> buffers() {
        return Collections.unmodifiableMap(buffers);
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
    public void forwardBackward(double gradScale, double zWeight, boolean accumulate, double[] sums) {
        forward(true);
        head.backward(targets, zWeight, gradScale, dLast, accumulate, sums);
        for (int i = blocks.length - 1; i >= 0; i--) {
            blocks[i].backward(accumulate);
        }
        stem.backward(dFirst, accumulate);
    }

    @Override
    public void draw(long pass) {
        if (dropPath != null) {
            dropPath.draw(seed, pass);
        }
    }

    @Override
    public boolean isRepeatable() {
        return probe == null;
    }

    @Override
    public void evaluate(double[] sums) {
        forward(false);
        head.loss(targets, sums);
    }

    @Override
    public Tensor evaluatedLogits() {
        return head.logits();
    }

    @Override
    public Tensor logits() {
        forward(false);
        return head.logits();
    }

    /** The logits of a pass that normalises with the micro-batch's statistics and moves the running ones. */
    public Tensor trainingLogits() {
        forward(true);
        return head.logits();
    }

    private void forward(boolean training) {
        stem.forward(inputs, training, probe);
        for (ResidualBlock block : blocks) {
            block.forward(training, probe);
        }
        head.forward(training, probe);
    }
}
