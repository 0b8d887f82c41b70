package org.windtunnel.interop.dl4j;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.nn.conf.CNN2DFormat;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.BatchNormalization;
import org.deeplearning4j.nn.conf.layers.CenterLossOutputLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.conf.layers.RnnOutputLayer;
import org.deeplearning4j.nn.conf.preprocessor.CnnToFeedForwardPreProcessor;
import org.deeplearning4j.nn.conf.preprocessor.FeedForwardToCnnPreProcessor;
import org.nd4j.linalg.activations.IActivation;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.activations.impl.ActivationSoftmax;
import org.nd4j.linalg.lossfunctions.ILossFunction;
import org.nd4j.linalg.lossfunctions.impl.LossL2;
import org.nd4j.linalg.lossfunctions.impl.LossMCXENT;
import org.nd4j.linalg.lossfunctions.impl.LossMSE;
import org.nd4j.linalg.lossfunctions.impl.LossSparseMCXENT;
import org.windtunnel.config.ConfigException;
import org.windtunnel.data.DataShape;

/** Which layers of a graph are its first and its last, and the graph at another width. */
final class GraphStructure {
    private final ComputationGraphConfiguration graph;
    private final String input;
    private final String output;
    private final Set<String> first = new LinkedHashSet<>();
    private final Set<String> last = new LinkedHashSet<>();

    /** @throws ConfigException if the graph has several inputs or outputs, or an output layer of another kind */
    GraphStructure(ComputationGraphConfiguration graph) {
        this.graph = graph;
        if (graph.getNetworkInputs().size() != 1 || graph.getNetworkOutputs().size() != 1) {
            throw new ConfigException("model.file: expected a graph of one input and one output, found inputs "
                    + graph.getNetworkInputs() + " and outputs " + graph.getNetworkOutputs());
        }
        this.input = graph.getNetworkInputs().get(0);
        this.output = graph.getNetworkOutputs().get(0);
        requireOutput();
        Set<String> seen = new LinkedHashSet<>();
        for (String name : graph.getVertices().keySet()) {
            if (isWeighted(name) && !reachesWeights(name, seen)) {
                first.add(name);
            }
            seen.clear();
        }
        collectLast(output);
        first.removeAll(last);
    }

    private void requireOutput() {
        Layer layer = layer(output);
        IActivation activation = null;
        ILossFunction loss = null;
        if (layer instanceof BaseOutputLayer base && !(layer instanceof RnnOutputLayer)
                && !(layer instanceof CenterLossOutputLayer)) {
            activation = base.getActivationFn();
            loss = base.getLossFn();
        } else if (layer instanceof LossLayer bare) {
            activation = bare.getActivationFn();
            loss = bare.getLossFn();
        }
        // LossNegativeLogLikelihood is an LossMCXENT, LossMSE an LossL2.
        boolean classifies = activation instanceof ActivationSoftmax
                && (loss instanceof LossMCXENT || loss instanceof LossSparseMCXENT);
        boolean regresses = activation instanceof ActivationIdentity && (loss instanceof LossL2
                || loss instanceof LossMSE);
        if (!classifies && !regresses) {
            throw new ConfigException("model.file: expected the output " + output
                    + " to be an OutputLayer or LossLayer of softmax and MCXENT (or NEGATIVELOGLIKELIHOOD), or of "
                    + "identity and MSE, found "
                    + (layer == null ? "no layer" : layer.getClass().getSimpleName() + " of " + activation + " and "
                    + loss));
        }
    }

    /** Whether weights lie between the network's input and the input of a vertex. */
    private boolean reachesWeights(String name, Set<String> seen) {
        for (String from : inputs(name)) {
            if (seen.add(from) && !from.equals(input) && (isWeighted(from) || reachesWeights(from, seen))) {
                return true;
            }
        }
        return false;
    }

    private void collectLast(String name) {
        if (isWeighted(name)) {
            last.add(name);
        } else if (!name.equals(input)) {
            inputs(name).forEach(this::collectLast);
        }
    }

    private List<String> inputs(String name) {
        return graph.getVertexInputs().getOrDefault(name, List.of());
    }

    /** The layer of a vertex, or null for another kind of vertex. */
    Layer layer(String vertex) {
        GraphVertex found = graph.getVertices().get(vertex);
        return found instanceof LayerVertex layer ? layer.getLayerConf().getLayer() : null;
    }

    private boolean isWeighted(String vertex) {
        return layer(vertex) instanceof FeedForwardLayer layer && !(layer instanceof BatchNormalization)
                && !layer.initializer().weightKeys(layer).isEmpty();
    }

    /** Whether no weights lie before this layer. */
    boolean isFirst(String vertex) {
        return first.contains(vertex);
    }

    /** Whether this layer's weights give the logits. */
    boolean isLast(String vertex) {
        return last.contains(vertex);
    }

    String output() {
        return output;
    }

    /**
     * Scales every layer but the readout so that the first one has {@code width} outputs, and lets each layer's inputs
     * follow from the data.
     *
     * @return what every vertex puts out
     * @throws ConfigException if the data do not fit the graph
     */
    Map<String, InputType> fit(int width, DataShape.Images data) {
        int own = ownWidth();
        try {
            if (own != width) {
                scale((double) width / own);
                return checked(graph.getLayerActivationTypes(true, true, inputType(data)), data);
            }
            Map<String, Long> given = new LinkedHashMap<>();
            Map<String, InputType> types = graph.getLayerActivationTypes(true, false, inputType(data));
            graph.getVertices().keySet().forEach(name -> given.put(name, fanIn(name)));
            graph.getLayerActivationTypes(true, true, inputType(data));
            given.forEach((name, inputs) -> {
                if (inputs != fanIn(name)) {
                    throw new ConfigException("model.file: layer " + name + " is for " + inputs + " inputs, found "
                            + fanIn(name)
                            + " on " + data);
                }
            });
            return checked(types, data);
        } catch (ConfigException e) {
            throw e;
        } catch (RuntimeException e) {
            throw new ConfigException("model.file: the graph does not take " + data + ": " + GraphFile.firstLine(e), e);
        }
    }

    /** Outputs of the first layer with weights. */
    private int ownWidth() {
        if (first.isEmpty()) {
            throw new ConfigException("model.file: expected a layer with weights before the readout, found none");
        }
        return (int) ((FeedForwardLayer) layer(first.iterator().next())).getNOut();
    }

    private long fanIn(String vertex) {
        return layer(vertex) instanceof FeedForwardLayer layer ? layer.getNIn() : 0;
    }

    private void scale(double by) {
        graph.getVertices().forEach((name, vertex) -> {
            if (isWeighted(name) && !isLast(name)) {
                FeedForwardLayer layer = (FeedForwardLayer) layer(name);
                layer.setNOut(Math.max(1, Math.round(layer.getNOut() * by)));
            }
            if (vertex instanceof LayerVertex layer
                    && layer.getPreProcessor() instanceof CnnToFeedForwardPreProcessor) {
                layer.setPreProcessor(null);
            }
        });
    }

    private Map<String, InputType> checked(Map<String, InputType> types, DataShape.Images data) {
        long classes = types.get(output).arrayElementsPerExample();
        if (classes != data.classes()) {
            throw new ConfigException("model.file: expected " + data.classes() + " outputs for " + data + ", found "
                    + classes);
        }
        return types;
    }

    private InputType inputType(DataShape.Images data) {
        return takesRows()
                ? InputType.convolutionalFlat(data.height(), data.width(), data.channels())
                : InputType.convolutional(data.height(), data.width(), data.channels(), CNN2DFormat.NCHW);
    }

    /** Whether the graph takes [B, C·H·W] and not [B, C, H, W]. */
    boolean takesRows() {
        return graph.getVertices().entrySet().stream().anyMatch(e -> inputs(e.getKey()).contains(input)
                && e.getValue() instanceof LayerVertex layer
                && layer.getPreProcessor() instanceof FeedForwardToCnnPreProcessor);
    }

    /** @throws ConfigException if a layer wants its channels last */
    void requireChannelsFirst() {
        graph.getVertices().keySet().forEach(name -> {
            if (layer(name) instanceof ConvolutionLayer layer && layer.getCnn2dDataFormat() == CNN2DFormat.NHWC) {
                throw new ConfigException("model.file: expected CNN2DFormat.NCHW, found NHWC at layer " + name);
            }
        });
    }
}
