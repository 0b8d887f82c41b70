package org.windtunnel.nn;

import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.config.MlpSpec;

/**
 * Every size and option of a multilayer perceptron, resolved.
 *
 * @param width outputs of every hidden layer
 * @param depth hidden layers
 * @param bias whether hidden layers and readout have biases
 * @param activation after every hidden layer
 * @param channels of the images; height and imageWidth are their pixels
 * @param classes outputs
 */
public record MlpShape(
        int width,
        int depth,
        boolean bias,
        Activation activation,
        int channels,
        int height,
        int imageWidth,
        int classes) {

    /**
     * The shape of a configured network.
     *
     * @param channels of the images; height and imageWidth are their pixels
     */
    public static MlpShape of(MlpSpec s, int channels, int height, int imageWidth, int classes) {
        return new MlpShape(s.width(), s.depth(), s.bias(), Activation.valueOf(s.activation().name()), channels, height,
                imageWidth, classes);
    }

    /** Numbers of an image, the fan-in of the first layer. */
    public int inputs() {
        return Math.multiplyExact(channels, Math.multiplyExact(height, imageWidth));
    }
}
