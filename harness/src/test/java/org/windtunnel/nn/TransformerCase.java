package org.windtunnel.nn;

import java.util.Arrays;
import java.util.List;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.nn.TransformerShape.Flavour;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.Rng;

/** One combination of a transformer's options, at sizes that are multiples of nothing. */
record TransformerCase(String name, TransformerShape shape, ForwardMultipliers multipliers, double zWeight) {
    private static final ForwardMultipliers SCALED = new ForwardMultipliers(1.7, 0.4, 0.6, 0.8);

    static List<TransformerCase> all() {
        return List.of(
                gpt("gpt, bias, untied", Activation.GELU_ERF, true, false, ForwardMultipliers.standard(5), 0),
                gpt(
                        "gpt, no bias, tied, z-loss",
                        Activation.GELU_TANH,
                        false,
                        true,
                        ForwardMultipliers.standard(5),
                        0.3),
                gpt("gpt, bias, tied, multipliers", Activation.GELU_TANH, true, true, SCALED, 0),
                llama("llama, tied", 3, false, true, ForwardMultipliers.standard(6), 0),
                llama("llama, grouped queries, qk-norm, multipliers, z-loss", 1, true, false, SCALED, 0.3));
    }

    private static TransformerCase gpt(
            String name, Activation activation, boolean bias, boolean tied, ForwardMultipliers m, double zWeight) {
        return new TransformerCase(
                name,
                new TransformerShape(Flavour.GPT, 15, 2, 3, 3, 5, 7, 11, 26, activation, bias, tied, false, 0, 1e-5),
                m,
                zWeight);
    }

    private static TransformerCase llama(
            String name, int kvHeads, boolean qkNorm, boolean tied, ForwardMultipliers m, double zWeight) {
        return new TransformerCase(
                name,
                new TransformerShape(
                        Flavour.LLAMA, 18, 2, 3, kvHeads, 6, 7, 11, 13, null, false, tied, qkNorm, 100, 1e-5),
                m,
                zWeight);
    }

    /** The model with random weights, gains around 1, and a random micro-batch with one target left out. */
    Transformer build(Backend backend, int batch, Arena arena) {
        Transformer model = new Transformer(backend, shape, multipliers, batch, arena);
        List<ParamSpec> specs = model.parameters().specs();
        double[] mean = specs.stream().mapToDouble(s -> s.role() == Role.NORM_GAIN ? 1 : 0).toArray();
        double[] std = new double[specs.size()];
        Arrays.fill(std, 0.3);
        Initializer.fill(model.parameters(), mean, std, new boolean[mean.length], 5);
        fill(model, 0, batch);
        return model;
    }

    /** Fills the inputs with sequences {@code first} to {@code first + count} of a fixed random set. */
    void fill(Transformer model, int first, int count) {
        Rng rng = new Rng(7, 8);
        int t = shape.context();
        int[] inputs = new int[count * t];
        int[] targets = new int[count * t];
        for (int i = 0; i < inputs.length; i++) {
            long at = 2L * (first * t + i);
            inputs[i] = (int) rng.below(at, shape.vocab());
            targets[i] = (int) rng.below(at + 1, shape.vocab());
        }
        if (first == 0) {
            targets[2] = -1;
        }
        model.inputs().set(inputs);
        model.targets().set(targets);
    }

    static Arena arena(Backend backend) {
        return Arena.of(backend::allocate, backend.floatType());
    }

    @Override
    public String toString() {
        return name;
    }
}
