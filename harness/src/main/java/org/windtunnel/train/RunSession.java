package org.windtunnel.train;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.windtunnel.backend.Backend;
import org.windtunnel.checkpoint.TensorGroups;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.data.BatchPlan;
import org.windtunnel.data.Batches;
import org.windtunnel.data.Split;
import org.windtunnel.data.TokenCorpus;
import org.windtunnel.diag.Diagnostics;
import org.windtunnel.nn.Model;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Parameters;
import org.windtunnel.optim.GradClip;
import org.windtunnel.optim.Optimizer;
import org.windtunnel.optim.Optimizers;
import org.windtunnel.optim.Projections;
import org.windtunnel.schedule.Schedule;
import org.windtunnel.schedule.Schedules;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.Tensor;

/**
 * A run's live state: model, optimizer, data order. One {@link #step} is one optimizer update; nothing is allocated in
 * it. Used by one thread.
 */
public final class RunSession implements AutoCloseable {
    private final ExperimentSpec spec;
    private final Backend backend;
    private final TokenCorpus corpus;
    private final Arena arena;
    private final Model model;
    private final Optimizer optimizer;
    private final Diagnostics diagnostics;
    private final Schedule schedule;
    private final BatchPlan batches;
    private final int context;
    private final int microBatch;
    private final long[] offsets;
    private final long[] evalOffsets;
    private final int[] inputs;
    private final int[] targets;
    private final double[] sums = new double[3];

    private long batchShift;
    private double loss;
    private double lr;
    private double gradNorm;
    private double clip;

    /**
     * Takes the run's memory and initialises its weights.
     *
     * @throws org.windtunnel.config.ConfigException if the data do not fit the model
     * @throws org.windtunnel.backend.OutOfMemory if the memory is not there
     */
    public RunSession(ModelPlan plan, TokenCorpus corpus, Backend backend) {
        this.spec = plan.spec();
        this.backend = backend;
        this.corpus = corpus;
        this.context = spec.model().context();
        this.microBatch = plan.microBatch();
        this.batches = new BatchPlan(corpus, context, spec.train().batch(), spec.train().sampling(), spec.seed());
        this.evalOffsets = BatchPlan.evaluation(corpus, context, spec.train().evalSequences());
        this.schedule = Schedules.of(spec.schedule(), plan.steps());
        this.offsets = new long[spec.train().batch()];
        this.inputs = new int[microBatch * context];
        this.targets = new int[microBatch * context];
        this.arena = Arena.of(backend::allocate, backend.floatType());
        try {
            this.model = plan.build(backend, arena);
            plan.initialize(model.parameters());
            this.optimizer = Optimizers.create(spec.optimizer(), backend, model.parameters(), plan.scaling(),
                    Projections.gaussian(spec.seed()), arena);
            this.diagnostics = plan.diagnostics(backend, model, arena);
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    /**
     * One optimizer step; its figures are read from the getters.
     *
     * @param step 0-based
     */
    public void step(long step) {
        backward(step);
        update();
    }

    /**
     * The first half of a step: loss, gradients, their norm, and the rate that {@link #update} will use.
     *
     * @param step 0-based
     */
    public void backward(long step) {
        int batch = spec.train().batch();
        batches.offsets(step + batchShift, 0, batch, offsets);
        double gradScale = 1.0 / ((double) batch * context);
        double nll = 0;
        for (int first = 0; first < batch; first += microBatch) {
            load(Split.TRAIN, offsets, first, microBatch);
            model.forwardBackward(gradScale, spec.train().zLoss(), first > 0, sums);
            nll += sums[0];
        }
        loss = nll * gradScale;
        gradNorm = GradClip.norm(backend, model.parameters().gradients());
        clip = GradClip.factor(gradNorm, spec.train().clip());
        lr = spec.optimizer().lr() * schedule.multiplier(step);
    }

    /** Lets step {@code i} train on batch {@code i + shift} of the plan from now on: batches in between are left out. */
    void shiftBatches(long shift) {
        batchShift = shift;
    }

    /** The second half: the optimizer's update from the gradients of {@link #backward}. */
    public void update() {
        optimizer.step(lr, clip);
    }

    /** Mean loss on the fixed evaluation windows, nats per token. */
    public double evaluate() {
        double nll = 0;
        double count = 0;
        for (int first = 0; first < evalOffsets.length; first += microBatch) {
            load(Split.VALIDATION, evalOffsets, first, Math.min(microBatch, evalOffsets.length - first));
            model.evaluate(sums);
            nll += sums[0];
            count += sums[2];
        }
        return nll / count;
    }

    /**
     * Fills the model with the batch that diagnostics look at: the first evaluation windows, over and over if there are
     * fewer than a micro-batch has.
     *
     * @return its targets
     */
    long loadDiagnosticBatch() {
        long[] windows = new long[microBatch];
        for (int i = 0; i < microBatch; i++) {
            windows[i] = evalOffsets[i % evalOffsets.length];
        }
        load(Split.VALIDATION, windows, 0, microBatch);
        return (long) microBatch * context;
    }

    private void load(Split split, long[] from, int first, int count) {
        Batches.fill(corpus, split, from, first, count, context, inputs, targets);
        // A last, smaller batch of an evaluation: rows beyond it keep old inputs and leave the loss.
        Arrays.fill(targets, count * context, targets.length, -1);
        model.inputs().set(inputs);
        model.targets().set(targets);
    }

    /** Tokens the evaluation looks at. */
    public long evalTokens() {
        return (long) evalOffsets.length * context;
    }

    /** Mean loss of the last step before its update, nats per token. */
    public double loss() {
        return loss;
    }

    /** Scheduled learning rate of the last step. */
    public double lr() {
        return lr;
    }

    /** Global gradient norm of the last step before clipping. */
    public double gradNorm() {
        return gradNorm;
    }

    /** Clipping factor of the last step. */
    public double clip() {
        return clip;
    }

    /** Null without diagnostics. */
    Diagnostics diagnostics() {
        return diagnostics;
    }

    /** Bytes taken outside the Java heap. */
    long allocatedBytes() {
        return arena.bytes();
    }

    /** Everything of the run that training changes and that lives in tensors. */
    TensorGroups tensors() {
        Map<String, Tensor> weights = new LinkedHashMap<>();
        for (ParamSpec spec : model.parameters().specs()) {
            weights.put(spec.name(), model.parameters().weight(spec.name()));
        }
        Map<String, Map<String, Tensor>> groups = new LinkedHashMap<>();
        groups.put("weights", weights);
        groups.put("buffers", model.buffers());
        groups.put("optimizer", optimizer.state());
        return new TensorGroups(groups);
    }

    public Parameters parameters() {
        return model.parameters();
    }

    public Optimizer optimizer() {
        return optimizer;
    }

    @Override
    public void close() {
        arena.close();
    }
}
