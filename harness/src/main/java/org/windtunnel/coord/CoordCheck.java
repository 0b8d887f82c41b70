package org.windtunnel.coord;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.coord.CoordRecorder.Module;
import org.windtunnel.nn.Model;
import org.windtunnel.optim.Optimizer;
import org.windtunnel.optim.Optimizers;
import org.windtunnel.optim.Projections;
import org.windtunnel.tensor.Arena;
import org.windtunnel.train.ModelPlan;

/**
 * Runs the check: for each width and seed a few updates at the experiment's peak rate on one fixed batch, without schedule
 * or clipping, each module measured in every forward pass.
 */
public final class CoordCheck {
    private final ExperimentSpec spec;
    private final CoordBatch batch;
    private final CoordCheckOptions options;
    private final Backend backend;
    private final Map<String, CoordCurve> curves = new LinkedHashMap<>();
    private final Map<String, int[]> columns = new LinkedHashMap<>();

    private CoordCheck(ExperimentSpec spec, CoordBatch batch, CoordCheckOptions options, Backend backend) {
        this.spec = spec;
        this.batch = batch;
        this.options = options;
        this.backend = backend;
    }

    /**
     * @param spec the experiment; its width and seed are replaced by those of the options, the seeds counting up from it
     * @param batch in the shape of the experiment's data
     * @throws ConfigException if the model does not exist at one of the widths, or its numbers overflow
     */
    public static CoordCheckResult run(
            ExperimentSpec spec, CoordBatch batch, CoordCheckOptions options, Backend backend) {
        CoordCheck check = new CoordCheck(spec, batch, options, backend);
        for (int w = 0; w < options.widths().size(); w++) {
            for (int s = 0; s < options.seeds(); s++) {
                check.train(w, spec.seed() + s);
            }
        }
        return check.result();
    }

    private void train(int widthIndex, long seed) {
        int width = options.widths().get(widthIndex);
        ExperimentSpec at = spec.with(spec.model().withWidth(width), spec.train().withBatch(batch.examples()), seed);
        ModelPlan plan = ModelPlan.of(at, batch.shape());
        plan.ledger(backend.storagePolicy()).requireAvailable(backend);
        try (Arena memory = Arena.of(backend::allocate, backend.storagePolicy())) {
            Model model = plan.build(backend, memory);
            plan.initialize(model.parameters());
            Optimizer optimizer = Optimizers.create(at.optimizer(), backend, model.parameters(), plan.scaling(),
                    Projections.gaussian(seed), memory);
            CoordRecorder recorder = new CoordRecorder(backend, memory, options.steps());
            model.setProbe(recorder);
            double[] sums = new double[3];
            for (int step = 0; step < options.steps(); step++) {
                if (step > 0) {
                    optimizer.step(at.optimizer().lr(), 1);
                    recorder.nextStep();
                }
                batch.fill().accept(model.inputs(), model.targets());
                model.draw(step);
                model.forwardBackward(1.0 / model.targets().size(), at.train().zLoss(), false, sums);
            }
            recorder.modules().forEach((name, module) -> add(name, module, widthIndex));
        }
    }

    /** Adds a seed's share to the means. */
    private void add(String name, Module module, int w) {
        CoordCurve curve = curves.computeIfAbsent(name, n -> new CoordCurve(n, false, grid(), grid(),
                module.product == null ? null : grid(), module.product == null ? null : grid()));
        columns.computeIfAbsent(name, n -> new int[options.widths().size()])[w] = module.columns;
        for (int t = 0; t < options.steps(); t++) {
            curve.l1()[t][w] += module.l1[t] / options.seeds();
            curve.delta()[t][w] += module.delta[t] / options.seeds();
            if (module.product != null) {
                curve.effective()[t][w] += module.product.effectiveL1[t] / options.seeds();
                curve.propagated()[t][w] += module.product.propagatedL1[t] / options.seeds();
            }
            if (!Double.isFinite(curve.l1()[t][w])) {
                throw new ConfigException("coord-check: the output of " + name + " is " + curve.l1()[t][w]
                        + " at width " + options.widths().get(w) + " after " + t + " updates; lower optimizer.lr");
            }
        }
    }

    private double[][] grid() {
        return new double[options.steps()][options.widths().size()];
    }

    /** Modules as wide at every width are outputs of the model. */
    private CoordCheckResult result() {
        List<CoordCurve> done = new ArrayList<>();
        curves.forEach((name, c) -> {
            int[] wide = columns.get(name);
            boolean output = wide[0] == wide[wide.length - 1];
            done.add(new CoordCurve(name, output, c.l1(), c.delta(), c.effective(), c.propagated()));
        });
        return new CoordCheckResult(options, done);
    }
}
