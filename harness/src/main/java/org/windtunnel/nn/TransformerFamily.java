package org.windtunnel.nn;

import java.util.ArrayList;
import java.util.List;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.TrainSpec.Loss;
import org.windtunnel.nn.TransformerShape.Flavour;
import org.windtunnel.tensor.Allocator;

/** The transformers, GPT and LLaMA. */
public final class TransformerFamily implements Family {
    private final TransformerShape shape;
    private final TransformerNames names;
    private final List<ParamSpec> specs = new ArrayList<>();

    public TransformerFamily(TransformerShape shape) {
        this.shape = shape;
        this.names = new TransformerNames(shape);
        declare();
    }

    /** All parameters: tables, blocks, final norm, and the readout unless it is tied. */
    public static List<ParamSpec> declare(TransformerShape shape) {
        return new TransformerFamily(shape).parameters();
    }

    public TransformerShape shape() {
        return shape;
    }

    @Override
    public List<ParamSpec> parameters() {
        return List.copyOf(specs);
    }

    @Override
    public int depth() {
        return shape.depth();
    }

    @Override
    public int headDim() {
        return shape.headDim();
    }

    @Override
    public int unitsPerExample() {
        return shape.context();
    }

    @Override
    public double flopsPerUnit() {
        return FlopCounter.perToken(shape, specs);
    }

    @Override
    public Transformer build(
            Backend backend, ForwardMultipliers multipliers, int microBatch, Loss loss, long seed, Allocator memory) {
        Transformer model = new Transformer(backend, shape, multipliers, microBatch, memory);
        model.setLoss(loss);
        return model;
    }

    private void declare() {
        int d = shape.width();
        table(names.tokens(), shape.vocab());
        if (shape.flavour() == Flavour.GPT) {
            table(names.positions(), shape.context());
        }
        for (int layer = 0; layer < shape.depth(); layer++) {
            block(layer);
        }
        norm(names.finalNorm(), d, -1);
        if (!shape.tied()) {
            int[] matrix = {shape.vocab(), d};
            specs.add(new ParamSpec(
                    TransformerNames.weight(names.readout()), Role.READOUT, matrix, d, shape.vocab(), -1, false));
        }
    }

    private void block(int layer) {
        int d = shape.width();
        int inner = shape.queryWidth();
        norm(names.attentionNorm(layer), d, layer);
        String[] qkv = names.qkv(layer);
        if (qkv.length == 1) {
            linear(qkv[0], d, shape.qkvWidth(), layer, false);
        } else {
            int kv = shape.kvWidth();
            linear(qkv[0], d, inner, layer, false);
            linear(qkv[1], d, kv, layer, false);
            linear(qkv[2], d, kv, layer, false);
        }
        linear(names.attentionOut(layer), inner, d, layer, true);
        if (shape.qkNorm()) {
            norm(names.queryNorm(layer), shape.headDim(), layer);
            norm(names.keyNorm(layer), shape.headDim(), layer);
        }
        norm(names.feedForwardNorm(layer), d, layer);
        for (String module : names.feedForwardIn(layer)) {
            linear(module, d, shape.ffnWidth(), layer, false);
        }
        linear(names.feedForwardOut(layer), shape.ffnWidth(), d, layer, true);
    }

    private void table(String name, int rows) {
        int d = shape.width();
        specs.add(new ParamSpec(name, Role.EMBEDDING, new int[] {rows, d}, rows, d, -1, false));
    }

    private void norm(String module, int width, int layer) {
        specs.add(new ParamSpec(
                TransformerNames.weight(module), Role.NORM_GAIN, new int[] {width}, width, width, layer, false));
        if (shape.bias()) {
            specs.add(new ParamSpec(
                    TransformerNames.bias(module), Role.BIAS, new int[] {width}, width, width, layer, false));
        }
    }

    private void linear(String module, int in, int out, int layer, boolean residual) {
        specs.add(new ParamSpec(
                TransformerNames.weight(module), Role.HIDDEN, new int[] {out, in}, in, out, layer, residual));
        if (shape.bias()) {
            specs.add(new ParamSpec(
                    TransformerNames.bias(module), Role.BIAS, new int[] {out}, in, out, layer, residual));
        }
    }
}
