package org.windtunnel.interop.dl4j;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.ConvolutionMode;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.windtunnel.config.ModelSpec;
import org.windtunnel.data.DataShape;

/** Networks as a Deeplearning4j user writes them, for images of 2 x 6 x 6 in 3 classes. */
enum Graphs {
    /** Convolutions, batch norm and an addition; smooth, so that finite differences converge. */
    RESIDUAL {
        @Override
        ComputationGraphConfiguration configuration() {
            return builder().graphBuilder()
                    .addInputs("in")
                    .addLayer("stem", convolution(4), "in")
                    .addLayer("bn", new BatchNormalization.Builder().build(), "stem")
                    .addLayer("tanh", new ActivationLayer(Activation.TANH), "bn")
                    .addLayer("conv", convolution(4), "tanh")
                    .addVertex("add", new ElementWiseVertex(ElementWiseVertex.Op.Add), "tanh", "conv")
                    .addLayer("pool", new GlobalPoolingLayer(PoolingType.AVG), "add")
                    .addLayer("dense", new DenseLayer.Builder().nOut(8).activation(Activation.SIGMOID).build(), "pool")
                    .addLayer("out", output(), "dense")
                    .setOutputs("out")
                    .setInputTypes(InputType.convolutional(6, 6, 2))
                    .build();
        }
    },
    /** Dense layers on pixels in a row, as most first examples have them. */
    DENSE {
        @Override
        ComputationGraphConfiguration configuration() {
            return builder().graphBuilder()
                    .addInputs("in")
                    .addLayer("dense1", new DenseLayer.Builder().nIn(72).nOut(4).activation(Activation.TANH).build(),
                    "in")
                    .addLayer("dense2", new DenseLayer.Builder().nIn(4).nOut(8).activation(Activation.TANH).build(),
                    "dense1")
                    .addLayer("out", output(8), "dense2")
                    .setOutputs("out")
                    .build();
        }
    },
    /** Flattened feature maps in front of a dense layer, whose inputs follow width and pixels. */
    FLATTENED {
        @Override
        ComputationGraphConfiguration configuration() {
            return builder().graphBuilder()
                    .addInputs("in")
                    .addLayer("stem", convolution(4), "in")
                    .addLayer("dense", new DenseLayer.Builder().nOut(8).activation(Activation.TANH).dropOut(0.5)
                    .build(), "stem")
                    .addLayer("out", output(), "dense")
                    .setOutputs("out")
                    .setInputTypes(InputType.convolutionalFlat(6, 6, 2))
                    .build();
        }
    };

    static final DataShape.Images DATA = new DataShape.Images(2, 6, 6, 3);

    abstract ComputationGraphConfiguration configuration();

    private static NeuralNetConfiguration.Builder builder() {
        // An updater and a regularisation that nobody here may use.
        return new NeuralNetConfiguration.Builder().seed(1).updater(new Adam(0.1)).l2(0.1);
    }

    private static ConvolutionLayer convolution(int out) {
        return new ConvolutionLayer.Builder(3, 3).nOut(out).convolutionMode(ConvolutionMode.Same)
                .activation(Activation.IDENTITY).build();
    }

    private static OutputLayer output() {
        return new OutputLayer.Builder(LossFunction.MCXENT).nOut(3).activation(Activation.SOFTMAX).build();
    }

    private static OutputLayer output(int in) {
        return new OutputLayer.Builder(LossFunction.NEGATIVELOGLIKELIHOOD).nIn(in).nOut(3)
                .activation(Activation.SOFTMAX).build();
    }

    /** The family of the graph's JSON in a file. */
    GraphFamily family(Path directory, int width) throws IOException {
        return new GraphFamily(spec(directory, width), DATA);
    }

    ModelSpec.Dl4j spec(Path directory, int width) throws IOException {
        Path file = directory.resolve(name() + ".json");
        Files.writeString(file, configuration().toJson());
        return new ModelSpec.Dl4j(file.toString(), width, Map.of());
    }
}
