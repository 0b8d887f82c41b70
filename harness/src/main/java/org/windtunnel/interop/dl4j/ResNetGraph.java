package org.windtunnel.interop.dl4j;

import java.util.List;
import java.util.Locale;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration.GraphBuilder;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.ElementWiseVertex;
import org.deeplearning4j.nn.conf.graph.ScaleVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ActivationLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.GlobalPoolingLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.PoolingType;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.conf.layers.Upsampling2D;
import org.deeplearning4j.nn.conf.layers.misc.FrozenLayerWithBackprop;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.windtunnel.backend.ImageKernels.WindowShape;
import org.windtunnel.config.ConfigException;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.ResNetFamily;
import org.windtunnel.nn.ResNetNames;
import org.windtunnel.nn.ResNetShape;
import org.windtunnel.nn.ResNetShape.BlockShape;
import org.windtunnel.nn.ResNetShape.Norm;
import org.windtunnel.nn.ResNetShape.Order;
import org.windtunnel.nn.ResNetShape.Shortcut;
import org.windtunnel.nn.ResNetShape.Stem;

/**
 * The residual network of a shape as a {@code ComputationGraph}. Vertices have the names of our modules; weights and
 * filters are the same bytes in both. Drop path and label smoothing, which only training sees, are left out.
 */
final class ResNetGraph {
    private final ResNetShape shape;
    private final ResNetNames names;
    private final double residual;
    private final GraphBuilder graph;
    private String at = "images";

    private ResNetGraph(ResNetShape shape, ForwardMultipliers multipliers) {
        this.shape = shape;
        this.names = new ResNetNames(shape);
        this.residual = multipliers.residual() * shape.residualScale();
        this.graph = new NeuralNetConfiguration.Builder().graphBuilder().addInputs(at)
                .setInputTypes(InputType.convolutional(shape.height(), shape.imageWidth(), shape.channels()));
    }

    /** @throws ConfigException if one of the shape's options cannot be written */
    static ComputationGraphConfiguration configuration(ResNetShape shape, ForwardMultipliers multipliers) {
        if (shape.norm() != Norm.BATCH) {
            throw new ConfigException("Deeplearning4j: expected model.norm batch, found norm "
                    + shape.norm().name().toLowerCase(Locale.ROOT)
                    + ": of norms, Deeplearning4j 1.0.0-M2.1 has a layer for batch norm only (none for group norm), and "
                    + "this export does not write a bias in place of a norm");
        }
        return new ResNetGraph(shape, multipliers).build();
    }

    /** What a parameter or buffer of ours is called in the graph: vertex and key. */
    static String graphName(String ours) {
        int dot = ours.lastIndexOf('.');
        String module = ours.substring(0, dot);
        boolean norm = module.matches("(.*[._])?bn[0-9_f]*");
        return module + "." + switch (ours.substring(dot + 1)) {
            case "weight" -> norm ? "gamma" : "W";
            case "bias" -> norm ? "beta" : "b";
            case "running_mean" -> "mean";
            case "running_var" -> "var";
            default -> throw new IllegalArgumentException("no parameter of a residual network: " + ours);
        };
    }

    private ComputationGraphConfiguration build() {
        List<WindowShape> stem = ResNetFamily.stem(shape, 1);
        for (int i = 0; i < stem.size(); i++) {
            convolution(names.stem(i), stem.get(i));
            if (names.hasStemNorm(i)) {
                norm(names.stemNorm(i), true);
            }
        }
        if (shape.stem() != Stem.SMALL) {
            add("stem.pool", new SubsamplingLayer.Builder(
                    SubsamplingLayer.PoolingType.MAX, new int[] {3, 3}, new int[] {2, 2}, new int[] {1, 1})
                    .build());
        }
        shape.blocks().forEach(this::block);
        if (shape.order() == Order.PRE_ACTIVATION) {
            norm(names.norm("_f"), true);
        }
        add("pool", new GlobalPoolingLayer(PoolingType.AVG));
        add(ResNetFamily.READOUT, new OutputLayer.Builder(LossFunction.MCXENT).nOut(shape.classes())
                .activation(Activation.SOFTMAX).build());
        return graph.setOutputs(ResNetFamily.READOUT).build();
    }

    private void block(BlockShape b) {
        String input = at;
        boolean pre = shape.order() == Order.PRE_ACTIVATION;
        String skip = pre ? null : skip(b, input);
        at = input;
        int count = shape.block().convolutions();
        for (int i = 0; i < count; i++) {
            if (pre) {
                norm(names.norm(b.index(), i), true);
                if (i == 0) {
                    String active = at;
                    skip = skip(b, names.projects(b) ? active : input);
                    at = active;
                }
            }
            convolution(ResNetNames.convolution(b.index(), i), ResNetFamily.convolution(shape, b, i, 1));
            if (!pre) {
                norm(names.norm(b.index(), i), i < count - 1);
            }
        }
        if (shape.squeezeRatio() > 0) {
            squeeze(b);
        }
        String module = ResNetNames.block(b.index());
        if (residual != 1) {
            graph.addVertex(module + ".scale", new ScaleVertex(residual), at);
            at = module + ".scale";
        }
        graph.addVertex(module, new ElementWiseVertex(ElementWiseVertex.Op.Add), skip, at);
        at = module;
        if (!pre) {
            add(module + ".relu", new ActivationLayer(Activation.RELU));
        }
    }

    /**
     * Squeeze and excitation. Images of one pixel become as large as the branch's, for Deeplearning4j refuses products
     * of different shapes.
     */
    private void squeeze(BlockShape b) {
        String branch = at;
        String module = ResNetNames.block(b.index()) + ".se";
        add(module + ".pool", new GlobalPoolingLayer.Builder(PoolingType.AVG).collapseDimensions(false).build());
        add(ResNetNames.squeeze(b.index(), 0), linear(shape.squeezed(b), Activation.RELU));
        add(ResNetNames.squeeze(b.index(), 1), linear(b.out(), Activation.SIGMOID));
        add(module + ".gates", new Upsampling2D.Builder().size(new int[] {b.outHeight(), b.outWidth()}).build());
        graph.addVertex(module, new ElementWiseVertex(ElementWiseVertex.Op.Product), branch, at);
        at = module;
    }

    /** A linear layer on images of one pixel. */
    private static ConvolutionLayer linear(int out, Activation activation) {
        return new ConvolutionLayer.Builder(1, 1).nOut(out).activation(activation).build();
    }

    /** What is added to a block's branch. */
    private String skip(BlockShape b, String from) {
        if (!b.resized()) {
            return from;
        }
        at = from;
        int stride = b.stride();
        if (shape.averageDownsample() && stride > 1) {
            add(ResNetNames.block(b.index()) + ".short_pool", new SubsamplingLayer.Builder(
                    SubsamplingLayer.PoolingType.AVG, new int[] {stride, stride}, new int[] {stride, stride}).build());
            stride = 1;
        }
        String module = ResNetNames.shortcut(b.index());
        ConvolutionLayer projection = new ConvolutionLayer.Builder(1, 1).stride(stride, stride).nOut(b.out())
                .hasBias(false)
                .activation(Activation.IDENTITY).build();
        if (shape.shortcut() == Shortcut.A) {
            // A constant filter that copies channels; gradients pass through it.
            projection.setNIn(b.in());
            add(module, new FrozenLayerWithBackprop(projection));
        } else {
            add(module, projection);
            if (names.normalisesShortcut()) {
                norm(names.shortcutNorm(b.index()), false);
            }
        }
        return at;
    }

    private void convolution(String module, WindowShape s) {
        add(module, new ConvolutionLayer.Builder(s.kernel(), s.kernel()).stride(s.stride(), s.stride())
                .padding(s.padding(), s.padding()).nOut(s.out()).hasBias(false).activation(Activation.IDENTITY)
                .build());
    }

    private void norm(String module, boolean relu) {
        add(module, new BatchNormalization.Builder().eps(shape.normEps()).decay(1 - shape.normMomentum())
                .useLogStd(false)
                .build());
        if (relu) {
            add(module + ".relu", new ActivationLayer(Activation.RELU));
        }
    }

    private void add(String name, Layer layer) {
        graph.addLayer(name, layer, at);
        at = name;
    }
}
