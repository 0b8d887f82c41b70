package org.windtunnel.peer;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import ai.djl.training.optimizer.Optimizer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.nn.ParamSpec;

/** A model in DJL's PyTorch: weights, a step, the optimizer. */
abstract class TorchContestant implements Contestant {
    private final Engine engine = Engine.getEngine("PyTorch");
    private final NDManager memory = NDManager.newBaseManager("PyTorch");
    private final Map<String, NDArray> weights = new LinkedHashMap<>();
    private final Optimizer optimizer;

    TorchContestant(Workload workload, List<ParamSpec> specs, Optimizer optimizer) {
        this.optimizer = optimizer;
        for (ParamSpec spec : specs) {
            long[] shape = Arrays.stream(spec.shape()).asLongStream().toArray();
            NDArray weight = memory.create(workload.initial(spec), new Shape(shape));
            weight.setRequiresGradient(true);
            weights.put(spec.name(), weight);
        }
    }

    /** Where things live that outlast a step. */
    final NDManager memory() {
        return memory;
    }

    final NDArray parameter(String name) {
        return weights.get(name);
    }

    /** Mean loss. @param scratch freed after the step */
    abstract NDArray loss(NDManager scratch, Batch batch);

    @Override
    public final String describe() {
        return String.join(", ", engine.getEngineName() + " " + engine.getVersion(),
                "threads " + System.getProperty("ai.djl.pytorch.num_threads"));
    }

    @Override
    public final double step(Batch batch) {
        double value;
        try (NDManager scratch = memory.newSubManager();
                GradientCollector collector = engine.newGradientCollector()) {
            NDArray loss = loss(scratch, batch);
            value = loss.getFloat();
            collector.backward(loss);
        }
        weights.forEach((name, weight) -> {
            try (NDArray gradient = weight.getGradient()) {
                optimizer.update(name, weight, gradient);
            }
        });
        return value;
    }

    static NDArray ids(NDManager scratch, int[] ids, long rows, long columns) {
        return scratch.create(Arrays.stream(ids).asLongStream().toArray(), new Shape(rows, columns));
    }

    static NDArray only(NDList list) {
        return list.singletonOrThrow();
    }

    @Override
    public final void close() {
        memory.close();
    }
}
