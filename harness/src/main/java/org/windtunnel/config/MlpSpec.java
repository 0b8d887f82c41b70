package org.windtunnel.config;

/** Multilayer perceptrons on images, pixel by pixel. */
@Variant(value = "mlp", doc = "Multilayer perceptrons: the pixels of an image as one row, hidden layers of one width, no "
        + "norms and no shortcuts")
public record MlpSpec(
        @Key(value = "Outputs of every hidden layer", unit = "elements") @Range(min = 1) int width,
        @Key(value = "Hidden layers, the one that the pixels feed included; the readout comes on top", unit = "layers")
                @Range(min = 1) int depth,
        @Key(value = "Biases in all layers", def = "true") boolean bias,
        @Key(value = "relu, gelu_tanh or gelu_erf", def = "relu") ModelSpec.Activation activation)
        implements ModelSpec {

    @Override
    public int unitsPerExample() {
        return 1;
    }

    @Override
    public String unit() {
        return "images";
    }

    @Override
    public MlpSpec withWidth(int other) {
        return new MlpSpec(other, depth, bias, activation);
    }

    @Override
    public void requireConsistent() {
        // Any sizes fit together.
    }
}
