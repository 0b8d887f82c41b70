package org.windtunnel.interop.dl4j;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Environment;
import org.nd4j.linalg.factory.Nd4j;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.TrainSpec.Loss;
import org.windtunnel.interop.dl4j.GraphLayout.Segment;
import org.windtunnel.nn.Model;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Parameters;
import org.windtunnel.nn.Probe;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Storage;
import org.windtunnel.tensor.Tensor;

/**
 * A {@code ComputationGraph} as a model. The graph keeps its own copy of weights, gradients and activations; each pass
 * copies the weights in and the gradients out.
 */
final class GraphModel implements Model {
    private static final String PASSES = "dropout.passes";

    private final Backend backend;
    private final GraphFamily family;
    private final long seed;
    private final double readoutMultiplier;
    private final Set<String> readouts;
    private final Parameters parameters;
    private final Map<String, Tensor> buffers = new LinkedHashMap<>();
    private final Tensor inputs;
    private final Tensor targets;
    private final Tensor logits;
    private final Tensor passes;
    private final ComputationGraph graph;
    private final DataType type;
    private final long[] inputShape;
    private final INDArray labels;
    private final GraphLoss loss;
    private final double[] flat;
    private Probe probe;

    /** @param readoutMultiplier constant on the readout's input @param seed of dropout */
    GraphModel(
            Backend backend, GraphFamily family, double readoutMultiplier, int microBatch, Loss loss, long seed,
            Allocator memory) {
        this.backend = backend;
        this.family = family;
        this.seed = seed;
        this.readoutMultiplier = readoutMultiplier;
        this.readouts = family.readoutNames();
        this.parameters = new Parameters(family.parameters(), memory);
        this.inputs = memory.take(family.inputShape(microBatch));
        this.targets = memory.take(DType.INT32, microBatch);
        this.logits = memory.take(microBatch, family.classes());
        for (Segment s : family.layout().buffers()) {
            buffers.put(s.spec().name(), memory.take(s.spec().shape()));
        }
        this.passes = family.isRandom() ? memory.take(DType.INT32, 1) : null;
        if (passes != null) {
            buffers.put(PASSES, passes);
        }
        this.type = memory.floatType() == DType.FLOAT64 ? DataType.DOUBLE : DataType.FLOAT;
        this.inputShape = family.graphShape(microBatch);
        this.loss = new GraphLoss(backend, logits, targets, loss);
        if (backend == null) {
            // What the graph will take of ND4J's memory; nothing is taken here.
            family.graphMemory(microBatch).forEach(memory::take);
            this.graph = null;
            this.labels = null;
            this.flat = null;
            return;
        }
        limitThreads(backend);
        this.graph = family.graph(type, this.loss);
        this.labels = Nd4j.zeros(type, microBatch, family.classes());
        this.flat = graph.params().toDoubleVector();
        family.layout().buffers().forEach(s -> buffers.get(s.spec().name())
                .set(Arrays.copyOfRange(flat, s.begin(), s.begin() + s.size())));
    }

    /** ND4J would take every core for itself, in each worker of a sweep. */
    private static void limitThreads(Backend backend) {
        String threads = backend.describe().get("threads");
        if (threads != null) {
            Environment nd4j = Nd4j.getEnvironment();
            nd4j.setMaxMasterThreads(Math.min(Integer.parseInt(threads), nd4j.maxThreads()));
        }
    }

    @Override
    public Parameters parameters() {
        return parameters;
    }

    /** Running statistics, frozen layers, and the number of training passes, which seeds dropout. */
    @Override
    public Map<String, Tensor> buffers() {
        return Collections.unmodifiableMap(buffers);
    }

    @Override
    public void setProbe(Probe newProbe) {
        probe = newProbe;
    }

    @Override
    public Tensor inputs() {
        return inputs;
    }

    @Override
    public Tensor targets() {
        return targets;
    }

    @Override
    public void forwardBackward(double gradScale, double zWeight, boolean accumulate, double[] sums) {
        load();
        if (probe != null) {
            show();
        }
        seedDropout();
        loss.weigh(gradScale, zWeight);
        graph.setInputs(images());
        graph.setLabels(labels);
        graph.computeGradientAndScore();
        double[] gradients = graph.getFlattenedGradients().toDoubleVector();
        for (Segment s : family.layout().parameters()) {
            unload(s, gradients, accumulate);
        }
        for (Segment s : family.layout().buffers()) {
            // The gradient of a running statistic is what it has to fall by.
            double[] values = new double[s.size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = flat[s.begin() + i] - gradients[s.begin() + i];
            }
            buffers.get(s.spec().name()).set(values);
        }
        System.arraycopy(loss.sums(), 0, sums, 0, sums.length);
    }

    private void unload(Segment s, double[] gradients, boolean accumulate) {
        Tensor into = parameters.gradient(s.spec().name());
        double[] values = accumulate ? into.toDoubles() : new double[s.size()];
        double by = multiplier(s.spec());
        for (int i = 0; i < values.length; i++) {
            values[i] += by * gradients[s.begin() + i];
        }
        into.set(values);
    }

    /** A constant on the input of a matrix is the same as on the matrix. */
    private double multiplier(ParamSpec p) {
        return readouts.contains(p.name()) ? readoutMultiplier : 1;
    }

    @Override
    public void evaluate(double[] sums) {
        logits();
        loss.weigh(0, 0);
        loss.run(false);
        System.arraycopy(loss.sums(), 0, sums, 0, sums.length);
    }

    @Override
    public Tensor evaluatedLogits() {
        return logits;
    }

    @Override
    public Tensor logits() {
        load();
        if (probe != null) {
            show();
        }
        INDArray out = graph.outputSingle(false, images());
        logits.set(GraphArrays.values(out));
        out.close();
        return logits;
    }

    /** Copies weights and buffers into the graph. */
    private void load() {
        for (Segment s : family.layout().parameters()) {
            double by = multiplier(s.spec());
            double[] values = parameters.weight(s.spec().name()).toDoubles();
            for (int i = 0; i < values.length; i++) {
                flat[s.begin() + i] = by * values[i];
            }
        }
        for (Segment s : family.layout().buffers()) {
            System.arraycopy(buffers.get(s.spec().name()).toDoubles(), 0, flat, s.begin(), s.size());
        }
        graph.params().assign(GraphArrays.array(flat, type, graph.params().shape()));
    }

    private INDArray images() {
        return GraphArrays.array(inputs, type, inputShape);
    }

    /** Dropout draws from ND4J's one generator: seeded by the pass, it draws the same after an interruption. */
    private void seedDropout() {
        if (passes == null) {
            return;
        }
        int pass = passes.toInts()[0];
        Nd4j.getRandom().setSeed(new Rng(seed, Rng.stream(PASSES)).bits(pass));
        passes.set(pass + 1);
    }

    /** Shows every layer's activations under evaluation, the readout's before its softmax. */
    private void show() {
        Map<String, INDArray> activations = graph.feedForward(images(), false);
        for (String layer : family.layerNames()) {
            INDArray a = activations.get(layer);
            long columns = a.rank() == 2 ? a.size(1) : a.size(1) * a.size(2) * a.size(3);
            double[] values = GraphArrays.values(a);
            try (Storage storage = backend.allocate(inputs.storage().dtype(), values.length)) {
                Tensor output = new Tensor(storage, 0, Math.toIntExact(values.length / columns),
                        Math.toIntExact(columns));
                output.set(values);
                probe.observe(layer, output);
            }
        }
    }
}
