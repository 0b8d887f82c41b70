package org.windtunnel.train;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.LateFigures;
import org.windtunnel.backend.RepeatedWork;
import org.windtunnel.checkpoint.TensorGroups;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.data.BatchSource;
import org.windtunnel.data.DataShape;
import org.windtunnel.data.Dataset;
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
    /** A pass begins a step; it ends it with the gradient's norm; the update follows. Added up, an index of passes. */
    private static final int FIRST = 1;
    private static final int LAST = 2;
    private static final int UPDATES = 4;

    private final ModelPlan plan;
    private final ExperimentSpec spec;
    private final Backend backend;
    private final Arena arena;
    private final Model model;
    private final Optimizer optimizer;
    private final Diagnostics diagnostics;
    private final Schedule schedule;
    private final BatchSource batches;
    private final int unitsPerExample;
    private final int microBatch;
    private final double[] sums = new double[3];
    private final double gradScale;
    private final GradClip gradClip;
    /** Passes by what else they do; null until they are run. */
    private final RepeatedWork[] passes = new RepeatedWork[FIRST + LAST + UPDATES + 1];
    private final RepeatedWork update;
    /** Null where every step waits for its figures. */
    private final LateFigures late;

    private long batchShift;
    private final Evaluation evaluation;
    private double loss;
    private double lr;
    /** Of the steps whose figures have not been received, in their order. */
    private final double[] queuedLr = new double[LateFigures.MOST];
    private int queued;
    private double gradNorm;
    private double clip;

    /**
     * Takes the run's memory and initialises its weights.
     *
     * @throws org.windtunnel.config.ConfigException if the data do not fit the model
     * @throws org.windtunnel.backend.OutOfMemory if the memory is not there
     */
    public RunSession(ModelPlan plan, Dataset data, Backend backend) {
        this.plan = plan;
        this.spec = plan.spec();
        this.backend = backend;
        this.unitsPerExample = plan.family().unitsPerExample();
        this.microBatch = plan.microBatch();
        this.batches = data.batches(unitsPerExample, spec.train(), microBatch, spec.seed());
        Errors errors = data.shape() instanceof DataShape.Images images ? new Errors(microBatch, images.classes()) : null;
        this.schedule = Schedules.of(spec.schedule(), plan.steps());
        this.arena = Arena.of(backend::allocate, backend.storagePolicy());
        try {
            this.model = plan.build(backend, arena);
            plan.initialize(model.parameters());
            this.optimizer = Optimizers.create(spec.optimizer(), plan.steps(), backend, model.parameters(),
                    plan.scaling(), Projections.gaussian(spec.seed()), arena);
            this.diagnostics = plan.diagnostics(backend, model, arena);
            this.late = model.isRepeatable() ? backend.lateFigures() : null;
            this.gradScale = 1.0 / ((double) spec.train().batch() * unitsPerExample);
            this.gradClip = new GradClip(spec.train().clip(), arena);
            this.update = backend.repeated("the update", this::runUpdate);
            this.evaluation = new Evaluation(backend, model, batches, microBatch, errors, late);
        } catch (RuntimeException e) {
            close();
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
        queueBackward(step, false);
        receive();
    }

    /**
     * A whole step, whose figures are there after {@link #receive}; on a backend with a queue of work it is not waited
     * for.
     *
     * @param step 0-based
     * @throws IllegalStateException unless {@link #runsAhead}
     */
    void queue(long step) {
        if (late == null) {
            throw new IllegalStateException("backend " + backend.name() + " does the steps of this model one by one");
        }
        optimizer.prepare(rate(step));
        queueBackward(step, true);
    }

    /** Whether {@link #queue} is there, twice before the first {@link #receive}. */
    boolean runsAhead() {
        return late != null;
    }

    private double rate(long step) {
        return spec.optimizer().lr() * schedule.multiplier(step);
    }

    private void queueBackward(long step, boolean updates) {
        double nll = 0;
        int batch = spec.train().batch();
        for (int first = 0; first < batch; first += microBatch) {
            load(step, first);
            if (late != null) {
                boolean last = first + microBatch >= batch;
                latePass((first == 0 ? FIRST : 0) + (last ? LAST : 0) + (last && updates ? UPDATES : 0));
            } else {
                model.forwardBackward(gradScale, spec.train().zLoss(), first > 0, sums);
                nll += sums[0];
            }
        }
        if (late != null) {
            late.send();
        } else {
            loss = nll * gradScale;
            gradNorm = GradClip.norm(backend, model.parameters().gradients());
        }
        queuedLr[queued++] = rate(step);
    }

    /** All that is new to a training pass: it goes to the backend's memory ahead of it. */
    private void load(long step, int first) {
        batches.train(step + batchShift, first, model.inputs(), model.targets());
        BatchSource.Mixture mixture = batches.mixture();
        if (mixture != null) {
            model.mixTargets(mixture.seconds(), mixture.shares());
        }
        model.draw(step * (spec.train().batch() / microBatch) + first / microBatch);
    }

    /** What looks into the model makes its pass another one. */
    private void latePass(int kind) {
        if (!model.isRepeatable()) {
            runPass(kind);
            return;
        }
        if (passes[kind] == null) {
            passes[kind] = backend.repeated("a pass of a step", () -> runPass(kind));
        }
        passes[kind].run();
    }

    private void runPass(int kind) {
        boolean first = (kind & FIRST) != 0;
        model.forwardBackward(gradScale, spec.train().zLoss(), !first, null);
        late.addLoss(first);
        if ((kind & LAST) != 0) {
            late.squares(model.parameters().gradients());
        }
        if ((kind & UPDATES) != 0) {
            runUpdate();
        }
    }

    private void runUpdate() {
        if (late != null) {
            // Always on the device, so that a step has the same bits whether its figures were waited for or not.
            gradClip.factor(late, optimizer.gradScale());
        }
        optimizer.update();
    }

    /** Takes the figures of the step that was queued first. */
    void receive() {
        if (late != null) {
            late.receive(sums);
            loss = sums[0] * gradScale;
            gradNorm = Math.sqrt(sums[1]);
        }
        clip = gradClip.factor(gradNorm);
        lr = queuedLr[0];
        queuedLr[0] = queuedLr[1];
        queued--;
    }

    /** Takes no figures of what was queued. */
    void forgetQueued() {
        if (late != null) {
            late.forget();
        }
        queued = 0;
    }

    /** Lets step {@code i} train on batch {@code i + shift} of the plan from now on: batches in between are left out. */
    void shiftBatches(long shift) {
        batchShift = shift;
    }

    /** The second half: the optimizer's update from the gradients of {@link #backward}. */
    public void update() {
        if (late == null) {
            optimizer.gradScale().put(0, clip);
        }
        optimizer.prepare(lr);
        update.run();
    }

    /** Does what a run does, for what it takes of the backend: two steps, the evaluation of a micro-batch, diagnostics. */
    void rehearse() {
        step(0);
        step(1);
        evaluation.rehearse();
        if (diagnostics != null) {
            diagnostics.beforeUpdate();
            diagnostics.afterUpdate();
            diagnostics.measure(0, loadDiagnosticBatch());
        }
    }

    /** Mean loss on the fixed evaluation set, nats per unit. */
    public double evaluate() {
        return evaluation.run();
    }

    /**
     * Fills the model with the batch that diagnostics look at: the first evaluation examples.
     *
     * @return its targets
     */
    long loadDiagnosticBatch() {
        model.mixTargets(null, null);
        batches.diagnostic(model.inputs(), model.targets());
        return (long) microBatch * unitsPerExample;
    }

    /** Share of the evaluation set that was classified wrongly the last time; NaN where there are no classes. */
    public double evalError() {
        return evaluation.error();
    }

    /** Units the evaluation looks at. */
    public long evalUnits() {
        return (long) evaluation.examples() * unitsPerExample;
    }

    /** Mean loss of the last step before its update, nats per unit. */
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

    /** What the backend's device can do at most, FLOP/s, where that is known. */
    public OptionalDouble peakFlops() {
        return backend.peakFlops();
    }

    /** Takes the weights from a file. @throws org.windtunnel.config.ConfigException if it is of another model */
    void load(Path weights) {
        plan.load(weights, model);
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
        forgetQueued();
        for (RepeatedWork pass : passes) {
            if (pass != null) {
                pass.close();
            }
        }
        if (update != null) {
            update.close();
        }
        if (evaluation != null) {
            evaluation.close();
        }
        batches.close();
        arena.close();
    }
}
