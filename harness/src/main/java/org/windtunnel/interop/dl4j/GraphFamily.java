package org.windtunnel.interop.dl4j;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Collectors;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.BaseLayer;
import org.deeplearning4j.nn.conf.layers.BaseOutputLayer;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.Layer;
import org.deeplearning4j.nn.conf.layers.LossLayer;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.activations.impl.ActivationIdentity;
import org.nd4j.linalg.api.buffer.DataType;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ModelSpec;
import org.windtunnel.config.TrainSpec.Loss;
import org.windtunnel.data.DataShape;
import org.windtunnel.interop.dl4j.GraphLayout.Segment;
import org.windtunnel.nn.Family;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.Model;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Role;
import org.windtunnel.tensor.Allocator;

/** The family of a {@code ComputationGraph} in a file, on images. */
public final class GraphFamily implements Family {
    private final ComputationGraphConfiguration configuration;
    private final GraphStructure structure;
    private final GraphLayout layout;
    private final Map<String, InputType> types;
    private final List<ParamSpec> parameters;
    private final DataShape.Images data;

    /** @throws ConfigException if the file is no graph, or not one of these data, or a role pattern does not match */
    public GraphFamily(ModelSpec.Dl4j spec, DataShape.Images data) {
        this.data = data;
        this.configuration = new GraphFile(Path.of(spec.file())).configuration();
        this.structure = new GraphStructure(configuration);
        structure.requireChannelsFirst();
        this.types = structure.fit(spec.width(), data);
        ComputationGraph graph = new ComputationGraph(configuration.clone());
        graph.init();
        this.layout = new GraphLayout(graph, structure);
        this.parameters = withRoles(layout.parameters().stream().map(Segment::spec).toList(), spec);
    }

    private static List<ParamSpec> withRoles(List<ParamSpec> inferred, ModelSpec.Dl4j spec) {
        Map<String, Role> roles = new LinkedHashMap<>();
        spec.roles().forEach((text, role) -> {
            Pattern pattern = pattern(text);
            List<String> names = inferred.stream().map(ParamSpec::name).filter(n -> pattern.matcher(n).matches())
                    .toList();
            if (names.isEmpty()) {
                throw new ConfigException("model.roles: \"" + text
                        + "\" matches no parameter; expected a regular expression "
                        + "that matches whole names such as " + inferred.get(0).name());
            }
            for (String name : names) {
                if (roles.put(name, Role.valueOf(role.name())) != null) {
                    throw new ConfigException("model.roles: expected every parameter under one pattern, found " + name
                            + " under \"" + text + "\" and another");
                }
            }
        });
        return inferred.stream()
                .map(p -> new ParamSpec(p.name(), roles.getOrDefault(p.name(), p.role()), p.shape(), p.fanIn(),
                p.fanOut(),
                        p.layer(), p.residual()))
                .toList();
    }

    private static Pattern pattern(String text) {
        try {
            return Pattern.compile(text);
        } catch (PatternSyntaxException e) {
            throw new ConfigException("model.roles: \"" + text + "\" is no regular expression: " + e.getDescription(),
                    e);
        }
    }

    @Override
    public List<ParamSpec> parameters() {
        return parameters;
    }

    @Override
    public int depth() {
        return Math.max(1, layout.hiddenLayers());
    }

    @Override
    public int unitsPerExample() {
        return 1;
    }

    /** Every weight is used once for each pixel that its layer puts out. */
    @Override
    public double flopsPerUnit() {
        double macs = 0;
        for (ParamSpec p : parameters) {
            if (p.shape().length > 1) {
                String vertex = p.name().substring(0, p.name().lastIndexOf('.'));
                InputType out = types.get(vertex);
                double pixels = out instanceof InputType.InputTypeConvolutional c
                        ? (double) c.getHeight() * c.getWidth() : 1;
                macs += p.size() * pixels;
            }
        }
        return 6 * macs;
    }

    @Override
    public List<String> remarks() {
        boolean convolves = layerNames().stream().anyMatch(name -> structure.layer(name) instanceof ConvolutionLayer);
        return convolves
                ? List.of("Deeplearning4j's convolution layers are slow on the CPU (14 to 20 times slower than the "
                        + "family resnet); expect small images and few channels to be practical")
                : List.of();
    }

    @Override
    public Model build(Backend backend, ForwardMultipliers multipliers, int microBatch, Loss loss, long seed,
            Allocator memory) {
        if (multipliers.residual() != 1 || multipliers.embedding() != 1) {
            throw new ConfigException("parameterization: a constant on residual branches or embeddings asks for a "
                    + "model that declares them; expected one without (such as sp or mup) with model.family dl4j, "
                    + "found "
                    + multipliers);
        }
        return new GraphModel(backend, this, multipliers.readout(), microBatch, loss, seed, memory);
    }

    /**
     * Overwrites a model's parameters and buffers with those in a zip that {@code ModelSerializer} wrote.
     *
     * @param own the constants of the model's forward pass
     * @throws ConfigException unless it has the same parameters; nothing is changed then
     */
    public void load(Path zip, ForwardMultipliers own, Model into) {
        ComputationGraph graph = new GraphFile(zip).network();
        GraphLayout theirs = new GraphLayout(graph, new GraphStructure(graph.getConfiguration()));
        Map<String, Segment> found = theirs.byName();
        layout.byName().forEach((name, s) -> {
            Segment other = found.remove(name);
            if (other == null || !Arrays.equals(other.spec().shape(), s.spec().shape())) {
                throw new ConfigException("init: " + zip + ": expected a parameter " + s.spec() + ", found "
                        + (other == null ? "none of that name; it has " + theirs.byName().keySet()
                        : other.spec().toString()));
            }
        });
        if (!found.isEmpty()) {
            throw new ConfigException("init: " + zip + " has parameters that the model has not: " + found.keySet());
        }
        double[] flat = graph.params().toDoubleVector();
        for (Segment s : theirs.byName().values()) {
            double[] values = Arrays.copyOfRange(flat, s.begin(), s.begin() + s.size());
            String name = s.spec().name();
            if (into.buffers().containsKey(name)) {
                into.buffers().get(name).set(values);
                continue;
            }
            double by = readoutNames().contains(name) ? own.readout() : 1;
            for (int i = 0; i < values.length; i++) {
                values[i] /= by;
            }
            into.parameters().weight(name).set(values);
        }
    }

    /** Names of the weights that a constant on the readout's input goes into. */
    Set<String> readoutNames() {
        return parameters.stream().filter(p -> p.role() == Role.READOUT).map(ParamSpec::name)
                .collect(Collectors.toSet());
    }

    /**
     * Writes a zip that {@code ModelSerializer} reads: the network as its file describes it, at this width, with
     * trained weights; a constant on the readout's input is multiplied into its weights.
     *
     * @param weights elements by name, of parameters and buffers
     */
    public void export(Function<String, double[]> weights, ForwardMultipliers own, Path out) {
        ComputationGraph graph = new ComputationGraph(configuration.clone());
        graph.init();
        double[] flat = graph.params().toDoubleVector();
        for (Segment s : layout.byName().values()) {
            double[] values = weights.apply(s.spec().name());
            double by = readoutNames().contains(s.spec().name()) ? own.readout() : 1;
            for (int i = 0; i < values.length; i++) {
                flat[s.begin() + i] = by * values[i];
            }
        }
        graph.params().assign(GraphArrays.array(flat, graph.params().dataType(), graph.params().shape()));
        GraphFile.write(graph, null, out);
    }

    GraphLayout layout() {
        return layout;
    }

    int classes() {
        return data.classes();
    }

    /** Shape of the harness's tensor of images. */
    int[] inputShape(int batch) {
        return new int[] {batch, data.channels(), data.height(), data.width()};
    }

    /** What the graph takes of them. */
    long[] graphShape(int batch) {
        long row = (long) data.channels() * data.height() * data.width();
        return structure.takesRows()
                ? new long[] {batch, row}
                : new long[] {batch, data.channels(), data.height(), data.width()};
    }

    /**
     * Elements of what a graph keeps of its own: weights, gradients, and each vertex's activations and their gradient.
     */
    List<Integer> graphMemory(int batch) {
        long weights = layout.byName().values().stream().mapToLong(Segment::size).sum();
        long activations = types.values().stream().mapToLong(InputType::arrayElementsPerExample).sum() * batch;
        List<Integer> sizes = new ArrayList<>();
        for (long size : new long[] {weights, weights, activations, activations}) {
            sizes.add(Math.toIntExact(size));
        }
        return sizes;
    }

    /** Names of the vertices that are layers, in the order of the forward pass. */
    List<String> layerNames() {
        return types.keySet().stream().filter(name -> structure.layer(name) != null).toList();
    }

    /** Whether training passes draw random numbers. */
    boolean isRandom() {
        return layerNames().stream().map(structure::layer).anyMatch(layer -> layer.getIDropout() != null
                || layer instanceof BaseLayer base && base.getWeightNoise() != null);
    }

    /** A graph whose output is the logits and whose loss is the harness's. */
    ComputationGraph graph(DataType type, GraphLoss loss) {
        ComputationGraphConfiguration own = configuration.clone();
        own.setDataType(type);
        Layer out = new GraphStructure(own).layer(structure.output());
        if (out instanceof BaseOutputLayer layer) {
            layer.setActivationFn(new ActivationIdentity());
            layer.setLossFn(loss);
        } else {
            ((LossLayer) out).setActivationFn(new ActivationIdentity());
            ((LossLayer) out).setLossFn(loss);
        }
        ComputationGraph graph = new ComputationGraph(own);
        graph.init();
        return graph;
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "graph of %d layers on %s", layerNames().size(), data);
    }
}
