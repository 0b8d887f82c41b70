package org.windtunnel.nn;

import org.windtunnel.backend.Backend;
import org.windtunnel.backend.StreamGradient;
import org.windtunnel.config.TrainSpec.Loss;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/**
 * A decoder-only transformer, GPT or LLaMA, with an explicit backward pass.
 *
 * <p>Everything is taken from the allocator at construction and every view is made then, so a pass allocates nothing.
 * With a counting allocator the model can't run, and its allocator tells what a real one would take. Belongs to the
 * thread that uses its backend.
 */
public final class Transformer implements Model {
    private final Backend backend;
    private final Parameters parameters;
    private final Embedding embedding;
    private final Block[] blocks;
    private final Readout readout;
    private final Tensor inputs;
    private final Tensor targets;
    private final Tensor stream;
    private final StreamGradient dStream;
    private final String probed;
    private Probe probe;

    /**
     * @param backend runs the passes; may be null with a counting allocator
     * @param microBatch sequences B of a forward and backward pass
     * @param memory gives parameters, gradients and activations
     */
    public Transformer(
            Backend backend, TransformerShape shape, ForwardMultipliers multipliers, int microBatch, Allocator memory) {
        if (microBatch <= 0) {
            throw new IllegalArgumentException("expected a positive micro-batch, found " + microBatch);
        }
        this.parameters = Parameters.withOperands(TransformerFamily.declare(shape), memory);
        int rows = Math.multiplyExact(microBatch, shape.context());
        this.inputs = memory.take(DType.INT32, rows);
        this.targets = memory.take(DType.INT32, rows);
        Wiring wiring = new Wiring(backend, shape, multipliers, parameters, microBatch, memory,
                Wiring.Scratch.take(shape, rows, memory));
        this.backend = backend;
        this.embedding = new Embedding(wiring);
        this.stream = wiring.keep(shape.width());
        this.dStream = new StreamGradient(
                wiring.keep(shape.width()), wiring.roundsOperands() ? wiring.keepOperand(shape.width()) : null);
        Rotary rotary = shape.flavour() == TransformerShape.Flavour.LLAMA ? new Rotary(wiring) : null;
        this.blocks = new Block[shape.depth()];
        Tensor at = stream;
        for (int layer = 0; layer < blocks.length; layer++) {
            blocks[layer] = new Block(wiring, layer, at, rotary);
            at = blocks[layer].output();
        }
        this.readout = new Readout(wiring, at);
        String tokens = wiring.names().tokens();
        this.probed = tokens.substring(0, tokens.lastIndexOf('.'));
    }

    @Override
    public void setProbe(Probe newProbe) {
        probe = newProbe;
    }

    /** Trains and evaluates with this loss from the next pass on; cross entropy is the default. */
    public void setLoss(Loss loss) {
        readout.setLoss(loss);
    }

    @Override
    public Parameters parameters() {
        return parameters;
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
        if (!accumulate) {
            parameters.updateOperands(backend);
        }
        forward();
        readout.backward(targets, zWeight, gradScale, dStream, accumulate, sums);
        for (int layer = blocks.length - 1; layer >= 0; layer--) {
            blocks[layer].backward(dStream, accumulate);
        }
        embedding.backward(inputs, dStream.exact(), accumulate);
    }

    @Override
    public boolean isRepeatable() {
        return probe == null;
    }

    @Override
    public void evaluate(double[] sums) {
        parameters.updateOperands(backend);
        forward();
        readout.loss(targets, sums);
    }

    @Override
    public Tensor evaluatedLogits() {
        return readout.logits();
    }

    @Override
    public Tensor logits() {
        parameters.updateOperands(backend);
        forward();
        return readout.logits();
    }

    private void forward() {
        embedding.forward(inputs, stream);
        if (probe != null) {
            probe.observe(probed, stream);
        }
        Block before = null;
        for (Block block : blocks) {
            block.normalise(before == null ? null : before.end());
            observeOutput(before);
            block.forward(probe);
            before = block;
        }
        readout.normalise(before.end());
        observeOutput(before);
        readout.forward(probe);
    }

    private void observeOutput(Block block) {
        if (probe != null && block != null) {
            block.observeOutput(probe);
        }
    }
}
