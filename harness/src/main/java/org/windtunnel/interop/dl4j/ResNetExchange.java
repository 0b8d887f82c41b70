package org.windtunnel.interop.dl4j;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.graph.ScaleVertex;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.preprocessor.NormalizerStandardize;
import org.nd4j.linalg.factory.Nd4j;
import org.windtunnel.backend.Natives;
import org.windtunnel.config.ConfigException;
import org.windtunnel.interop.dl4j.GraphLayout.Segment;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.Model;
import org.windtunnel.nn.ResNetFamily;
import org.windtunnel.nn.ResNetNames;
import org.windtunnel.nn.ResNetShape;
import org.windtunnel.nn.ResNetShape.BlockShape;
import org.windtunnel.nn.ResNetShape.Shortcut;
import org.windtunnel.tensor.Tensor;

/**
 * A residual network's weights on their way to and from a {@code ComputationGraph}.
 *
 * @param multipliers constants of our forward pass: the readout's is multiplied into its weights, the branches'
 *     becomes a vertex
 */
public record ResNetExchange(ResNetShape shape, ForwardMultipliers multipliers) {
    private static final String READOUT = ResNetFamily.READOUT + ".W";

    /** What the pixels of a run were normalised by, in levels of 0 to 255, by channel. */
    public record Pixels(double[] mean, double[] std) {}

    /**
     * The network with its weights and running statistics.
     *
     * @param weights elements by our names, of parameters and buffers
     * @throws ConfigException if Deeplearning4j has no layers for one of the shape's options
     */
    ComputationGraph graph(Function<String, double[]> weights, DataType type) {
        Natives.prepare();
        ComputationGraphConfiguration configuration = ResNetGraph.configuration(shape, multipliers);
        configuration.setDataType(type);
        ComputationGraph graph = new ComputationGraph(configuration);
        graph.init();
        Map<String, String> ours = ourNames();
        double[] flat = graph.params().toDoubleVector();
        for (Segment s : layout(graph).byName().values()) {
            String name = ours.get(s.spec().name());
            double[] values = name == null ? copyChannels(s) : weights.apply(name);
            double by = s.spec().name().equals(READOUT) ? multipliers.readout() : 1;
            for (int i = 0; i < values.length; i++) {
                flat[s.begin() + i] = by * values[i];
            }
        }
        graph.params().assign(GraphArrays.array(flat, type, graph.params().shape()));
        return graph;
    }

    static GraphLayout layout(ComputationGraph graph) {
        return new GraphLayout(graph, new GraphStructure(graph.getConfiguration()));
    }

    /** Our names of parameters and buffers by the graph's. */
    Map<String, String> ourNames() {
        Map<String, String> names = new LinkedHashMap<>();
        ResNetFamily.declare(shape).forEach(p -> {
            String inGraph = ResNetGraph.graphName(p.name());
            names.put(inGraph, p.name());
            if (inGraph.endsWith(".gamma")) {
                String module = p.name().substring(0, p.name().lastIndexOf('.'));
                for (String statistic : new String[] {".running_mean", ".running_var"}) {
                    names.put(ResNetGraph.graphName(module + statistic), module + statistic);
                }
            }
        });
        return names;
    }

    /** The filter of an option A shortcut: channels in the middle of the wider image, zeros around them. */
    private double[] copyChannels(Segment s) {
        BlockShape block = shape.blocks().stream()
                .filter(b -> s.spec().name().equals(ResNetNames.shortcut(b.index()) + ".W"))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException("no parameter of ours is called " + s.spec().name()));
        double[] filter = new double[block.out() * block.in()];
        int before = (block.out() - block.in()) / 2;
        for (int c = 0; c < block.in(); c++) {
            filter[(before + c) * block.in() + c] = 1;
        }
        return filter;
    }

    /**
     * Writes a zip that {@code ModelSerializer} reads.
     *
     * @param weights elements by our names, of parameters and buffers
     * @param pixels goes into the zip as a {@code NormalizerStandardize}; null where pixels are not normalised
     */
    public void export(Function<String, double[]> weights, Pixels pixels, Path out) {
        ComputationGraph graph = graph(weights, DataType.FLOAT);
        NormalizerStandardize normalizer = pixels == null
                ? null
                : new NormalizerStandardize(row(pixels.mean()), row(pixels.std()));
        GraphFile.write(graph, normalizer, out);
    }

    private static INDArray row(double[] values) {
        return Nd4j.createFromArray(values).castTo(DataType.FLOAT).reshape(1, values.length);
    }

    /**
     * Overwrites a model's parameters and running statistics with those in a zip that {@code ModelSerializer} wrote.
     *
     * @throws ConfigException unless it is a network of this shape under these names; nothing is changed then
     */
    public void load(Path zip, Model into) {
        ComputationGraph graph = new GraphFile(zip).network();
        requireSameGraph(graph.getConfiguration(), zip);
        Map<String, Segment> found = layout(graph).byName();
        Map<String, Tensor> targets = new LinkedHashMap<>();
        ourNames().forEach((inGraph, name) -> {
            Tensor target = into.buffers().containsKey(name) ? into.buffers().get(name)
                    : into.parameters().weight(name);
            Segment s = found.get(inGraph);
            if (s == null || !sameShape(s.spec().shape(), target.shape())) {
                throw new ConfigException("init: " + zip + ": expected " + inGraph + Arrays.toString(target.shape())
                        + ", found "
                        + (s == null ? "no such parameter" : s.spec().toString()));
            }
            targets.put(inGraph, target);
        });
        double[] flat = graph.params().toDoubleVector();
        targets.forEach((inGraph, target) -> {
            Segment s = found.get(inGraph);
            double by = inGraph.equals(READOUT) ? multipliers.readout() : 1;
            double[] values = new double[s.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = flat[s.begin() + i] / by;
            }
            target.set(values);
        });
    }

    /** Linear layers within blocks are convolutions of one pixel in the graph. */
    private static boolean sameShape(int[] inGraph, int[] ours) {
        boolean onePixel = inGraph.length == ours.length + 2 && inGraph[2] == 1 && inGraph[3] == 1;
        return Arrays.equals(onePixel ? Arrays.copyOf(inGraph, 2) : inGraph, ours);
    }

    private void requireSameGraph(ComputationGraphConfiguration found, Path zip) {
        ComputationGraphConfiguration own = ResNetGraph.configuration(shape, multipliers);
        Set<String> missing = new LinkedHashSet<>(own.getVertices().keySet());
        missing.removeAll(found.getVertices().keySet());
        Set<String> further = new LinkedHashSet<>(found.getVertices().keySet());
        further.removeAll(own.getVertices().keySet());
        if (!missing.isEmpty() || !further.isEmpty()) {
            throw new ConfigException("init: " + zip + " is another network: it lacks " + missing
                    + ", and only it has " + further
                    + "; names are those of an export of the same model (any other graph trains with model.family "
                    + "dl4j)");
        }
        own.getVertices().forEach((name, vertex) -> {
            if (vertex instanceof ScaleVertex && !vertex.equals(found.getVertices().get(name))) {
                throw new ConfigException("init: " + zip + ": vertex " + name
                        + " scales by another factor than this run does");
            }
        });
    }
}
