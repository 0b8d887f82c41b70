package org.windtunnel.nn;

import java.util.ArrayList;
import java.util.List;
import org.windtunnel.backend.Backend;
import org.windtunnel.nn.TransformerShape.Flavour;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Tensor;

/**
 * A decoder-only transformer with pre-norm blocks, in the GPT and LLaMA flavours.
 *
 * <p>All activations are taken when it is built; a pass allocates nothing. Activations needed by the backward pass are
 * kept per layer, gradients of activations live in one {@link Scratch} shared by all layers.
 */
public final class Transformer implements Model {
    private final Parameters parameters;
    private final Tensor inputs;
    private final Tensor targets;
    private final Embedding embedding;
    private final List<Block> blocks = new ArrayList<>();
    private final Norm finalNorm;
    private final Readout readout;
    private final Scratch scratch;
    private Probe probe;

    /**
     * @param backend runs the passes; null to count memory only (with a counting allocator)
     * @param batch sequences of one micro-batch
     * @param memory where parameters, gradients and activations come from
     */
    public Transformer(
            Backend backend, TransformerShape shape, ForwardMultipliers multipliers, int batch, Allocator memory) {
        this.parameters = new Parameters(TransformerFamily.declare(shape), memory);
        LayerScope scope =
                new LayerScope(backend, memory, parameters, shape, multipliers, new TransformerNames(shape), batch);
        this.inputs = memory.take(DType.INT32, scope.rows());
        this.targets = memory.take(DType.INT32, scope.rows());
        this.scratch = Scratch.take(memory, shape, multipliers, scope.rows());
        RotaryTables rotary = shape.flavour() == Flavour.LLAMA ? RotaryTables.take(memory, shape) : null;
        this.embedding = new Embedding(scope);
        for (int layer = 0; layer < shape.depth(); layer++) {
            blocks.add(new Block(scope, layer, rotary, scratch));
        }
        this.finalNorm = new Norm(scope, scope.names().finalNorm());
        this.readout = new Readout(scope);
    }

    /**
     * Has every forward pass show its activations, or none with null. Points: {@code embedding}; per block i {@code
     * h.i.attn.heads} (before the output projection), {@code h.i.attn} and {@code h.i.mlp} (the residual stream after
     * each branch), {@code h.i.mlp.hidden}; {@code final_norm}; {@code logits}.
     */
    public void setProbe(Probe probe) {
        this.probe = probe;
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
    public Tensor logits() {
        return readout.logits();
    }

    @Override
    public void evaluate(double[] sums) {
        forward();
        readout.loss(targets, 0, 0, false, sums);
    }

    @Override
    public void forwardBackward(double gradScale, double zWeight, boolean accumulate, double[] sums) {
        forward();
        readout.loss(targets, zWeight, gradScale, true, sums);
        backward(accumulate);
    }

    private void forward() {
        embedding.forward(inputs);
        for (int i = 0; i < blocks.size(); i++) {
            blocks.get(i).forward(streamBefore(i), probe);
        }
        finalNorm.forward(streamBefore(blocks.size()));
        readout.forward(finalNorm.output());
        if (probe != null) {
            probe.observe("embedding", embedding.output());
            probe.observe("final_norm", finalNorm.output());
            probe.observe("logits", readout.logits());
        }
    }

    private void backward(boolean accumulate) {
        readout.backward(finalNorm.output(), scratch.branch(), accumulate);
        finalNorm.backward(streamBefore(blocks.size()), scratch.branch(), scratch.stream(), false, accumulate);
        for (int i = blocks.size() - 1; i >= 0; i--) {
            blocks.get(i).backward(streamBefore(i), accumulate);
        }
        embedding.backward(inputs, scratch.stream(), accumulate);
    }

    /** The residual stream that enters block i, or the final norm. */
    private Tensor streamBefore(int i) {
        return i == 0 ? embedding.output() : blocks.get(i - 1).output();
    }
}
