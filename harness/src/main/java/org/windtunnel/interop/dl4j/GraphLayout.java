package org.windtunnel.interop.dl4j;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.api.ParamInitializer;
import org.deeplearning4j.nn.conf.layers.FeedForwardLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.layers.FrozenLayer;
import org.deeplearning4j.nn.layers.FrozenLayerWithBackprop;
import org.deeplearning4j.nn.params.BatchNormalizationParamInitializer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Role;
import org.windtunnel.tensor.Tensor;

/**
 * Where a graph's parameters lie in its flat vector, and what each is for. Parameters are named after vertex and key,
 * {@code conv1.W}.
 */
final class GraphLayout {
    private final GraphStructure structure;
    private final List<Segment> segments = new ArrayList<>();
    private int hidden;

    /**
     * One parameter.
     *
     * @param begin first element in the graph's flat vector
     * @param trained whether it has a gradient; the others are running statistics and frozen layers
     */
    record Segment(ParamSpec spec, int begin, boolean trained) {
        int size() {
            return Math.toIntExact(spec.size());
        }
    }

    GraphLayout(ComputationGraph graph, GraphStructure structure) {
        this.structure = structure;
        INDArray flat = graph.params();
        for (org.deeplearning4j.nn.api.Layer layer : graph.getLayers()) {
            boolean frozen = layer instanceof FrozenLayer || layer instanceof FrozenLayerWithBackprop;
            String name = layer.conf().getLayer().getLayerName();
            boolean matrices = structure.layer(name) instanceof FeedForwardLayer conf
                    && !conf.initializer().weightKeys(conf).isEmpty();
            boolean inside = matrices && !structure.isFirst(name) && !structure.isLast(name);
            int index = inside ? hidden++ : -1;
            layer.paramTable().forEach((key, view) -> segments.add(new Segment(
                    spec(name, key, view, index), Math.toIntExact(view.offset() - flat.offset()), !frozen
                            && !isStatistic(key))));
        }
        segments.sort(Comparator.comparingInt(Segment::begin));
    }

    private static boolean isStatistic(String key) {
        return key.equals(BatchNormalizationParamInitializer.GLOBAL_MEAN)
                || key.equals(BatchNormalizationParamInitializer.GLOBAL_VAR)
                || key.equals(BatchNormalizationParamInitializer.GLOBAL_LOG_STD);
    }

    private ParamSpec spec(String layer, String key, INDArray view, int index) {
        int[] shape = shape(view);
        Role role = role(layer, key, shape);
        int fanOut = shape[0];
        int fanIn = shape.length == 1 ? fanOut : Math.toIntExact(Tensor.sizeOf(shape) / fanOut);
        if (shape.length > 2 && structure.layer(layer) instanceof FeedForwardLayer conf) {
            // Deconvolutions have their inputs first.
            fanOut = Math.toIntExact(conf.getNOut());
            fanIn = Math.toIntExact(Math.max(1, Tensor.sizeOf(shape) / fanOut));
        }
        return new ParamSpec(layer + "." + key, role, shape, fanIn, fanOut, index, false);
    }

    /** The shape whose row order is the array's order in memory; row vectors become vectors. */
    private static int[] shape(INDArray view) {
        long[] shape = view.shape();
        int[] ours = new int[shape.length];
        for (int i = 0; i < shape.length; i++) {
            ours[i] = Math.toIntExact(view.ordering() == 'f' ? shape[shape.length - 1 - i] : shape[i]);
        }
        boolean vector = view.length() == view.size(view.rank() - 1) && view.ordering() == 'c' || isRow(shape);
        return vector ? new int[] {Math.toIntExact(view.length())} : ours;
    }

    private static boolean isRow(long[] shape) {
        return shape.length == 2 && shape[0] == 1;
    }

    private Role role(String layer, String key, int[] shape) {
        if (key.equals(BatchNormalizationParamInitializer.GAMMA)) {
            return Role.NORM_GAIN;
        }
        ParamInitializer initializer = structure.layer(layer).initializer();
        boolean weight = shape.length > 1 && !initializer.isBiasParam(structure.layer(layer), key);
        if (!weight) {
            return Role.BIAS;
        }
        return structure.isFirst(layer) ? Role.STEM : structure.isLast(layer) ? Role.READOUT : Role.HIDDEN;
    }

    /** What is trained, in the order of the flat vector. */
    List<Segment> parameters() {
        return segments.stream().filter(Segment::trained).toList();
    }

    /** What is not. */
    List<Segment> buffers() {
        return segments.stream().filter(s -> !s.trained()).toList();
    }

    /** Layers with weights between the first and the last. */
    int hiddenLayers() {
        return hidden;
    }

    /** All of them with their names. */
    Map<String, Segment> byName() {
        Map<String, Segment> byName = new LinkedHashMap<>();
        segments.forEach(s -> byName.put(s.spec().name(), s));
        return byName;
    }
}
