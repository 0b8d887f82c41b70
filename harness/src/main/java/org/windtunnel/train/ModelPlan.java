package org.windtunnel.train;

import java.nio.file.Path;
import java.util.List;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.Grouping;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.config.ModelSpec;
import org.windtunnel.config.RuntimeSpec.BackendName;
import org.windtunnel.data.DataShape;
import org.windtunnel.diag.Diagnostics;
import org.windtunnel.interop.InitialWeights;
import org.windtunnel.nn.Family;
import org.windtunnel.nn.Model;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.ParameterCounts;
import org.windtunnel.nn.Parameters;
import org.windtunnel.optim.GradClip;
import org.windtunnel.optim.Optimizers;
import org.windtunnel.scaling.Parameterizations;
import org.windtunnel.scaling.ScalingTable;
import org.windtunnel.tensor.Allocator;
import org.windtunnel.tensor.Arena;
import org.windtunnel.tensor.DType;
import org.windtunnel.tensor.StoragePolicy;

/**
 * What follows from an experiment and the shape of its data, before any memory is taken: the parameterization's table,
 * counts and ledgers. Where it says tokens, runs on images count images.
 *
 * @param family the model's, at its width and depth
 * @param scaling what the parameterization decided for each parameter
 * @param counts parameters with and without embeddings
 * @param flopsPerToken forward and backward
 * @param steps optimizer steps of the budget
 * @param microBatch examples per forward and backward pass
 */
public record ModelPlan(
        ExperimentSpec spec,
        Family family,
        ScalingTable scaling,
        ParameterCounts counts,
        double flopsPerToken,
        long steps,
        int microBatch) {

    /** @throws ConfigException if the experiment's numbers, or model and data, do not fit together */
    public static ModelPlan of(ExperimentSpec spec, DataShape data) {
        Family family = Families.of(spec.model(), data);
        List<ParamSpec> params = family.parameters();
        ParameterCounts counts = ParameterCounts.of(params);
        if (counts.total() > Integer.MAX_VALUE) {
            throw new ConfigException("model: expected at most 2^31 - 1 parameters on one device, found "
                    + counts.total() + "; lower width, depth or the vocabulary");
        }
        int width = spec.model().width();
        int baseWidth = spec.parameterization().baseWidth(width);
        Family base = baseWidth == width ? family : atWidth(spec.model(), baseWidth, data);
        int batch = spec.train().batch();
        long steps = spec.train().resolvedSteps(family.unitsPerExample());
        ScalingTable scaling = Parameterizations.resolve(
                spec.parameterization(),
                spec.optimizer(),
                params,
                base.parameters(),
                family.headDim(),
                base.headDim(),
                family.depth(),
                (double) steps * batch * family.unitsPerExample(),
                (double) batch * family.unitsPerExample());
        return new ModelPlan(spec, family, scaling, counts, family.flopsPerUnit(), steps, microBatch(spec));
    }

    private static Family atWidth(ModelSpec model, int width, DataShape data) {
        try {
            return Families.of(model.withWidth(width), data);
        } catch (ConfigException e) {
            throw new ConfigException("parameterization.base_width " + width + " is no width of this model ("
                    + e.getMessage() + ")", e);
        }
    }

    private static int microBatch(ExperimentSpec spec) {
        int batch = spec.train().batch();
        Integer given = spec.train().microBatch();
        int micro = given == null ? batch : given;
        if (batch <= 0 || micro <= 0 || batch % micro != 0) {
            throw new ConfigException("train: expected batch to be a positive multiple of micro_batch, found batch "
                    + batch + " and micro_batch " + micro);
        }
        return micro;
    }

    /** Tokens per optimizer step. */
    public long tokensPerStep() {
        return (long) spec.train().batch() * family.unitsPerExample();
    }

    /** FLOPs of the whole run. */
    public double flops() {
        return flopsPerToken * tokensPerStep() * steps;
    }

    /** The model on a backend, with all its memory from the allocator. */
    public Model build(Backend backend, Allocator allocator) {
        return family.build(backend, scaling.forward(), microBatch, spec.train().loss(), spec.seed(), allocator);
    }

    /** Fills the parameters with the parameterization's initialisation from the run's seed. */
    public void initialize(Parameters parameters) {
        scaling.initialize(parameters, spec.seed());
    }

    /** Fills a model from a file of weights. @throws ConfigException if it is of another model */
    void load(Path weights, Model model) {
        InitialWeights.load(weights, family, scaling.forward(), model);
    }

    /** The diagnostics of a model, their memory from the allocator; null if none are asked for. */
    Diagnostics diagnostics(Backend backend, Model model, Allocator allocator) {
        return spec.diagnostics().enabled()
                ? new Diagnostics(spec.diagnostics(), backend, model, family.unitsPerExample(), spec.train().zLoss(), allocator)
                : null;
    }

    /**
     * Bytes the run will take.
     *
     * @param policy how the backend keeps things
     * @throws ConfigException if a tensor would have more elements in a dimension than can be counted
     */
    public MemoryLedger ledger(StoragePolicy policy) {
        try {
            return counted(policy);
        } catch (ArithmeticException e) {
            throw new ConfigException("train.micro_batch: passes of " + microBatch + " examples make tensors of"
                    + " more elements than can be addressed; set it lower", e);
        }
    }

    private MemoryLedger counted(StoragePolicy policy) {
        DType type = policy.floatType();
        Arena counting = Arena.counting(policy);
        Model model = build(null, counting);
        new GradClip(spec.train().clip(), counting);
        long modelBytes = counting.bytes();
        diagnostics(null, model, counting);
        long elements = counts.total();
        long weights = elements * type.bytes();
        Grouping grouping = spec.runtime().backend() == BackendName.CUDA ? Grouping.CARD : Grouping.PROCESSOR;
        long optimizer = Optimizers.stateBytes(spec.optimizer(), scaling, type);
        long workspace = Optimizers.workspaceBytes(spec.optimizer(), scaling, type, grouping);
        return new MemoryLedger(weights, weights, optimizer, modelBytes - 2 * weights + workspace, weights + optimizer,
                counting.bytes() - modelBytes);
    }
}
