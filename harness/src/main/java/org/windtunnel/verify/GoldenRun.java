package org.windtunnel.verify;

import static org.windtunnel.verify.GoldenJson.field;
import static org.windtunnel.verify.GoldenJson.number;
import static org.windtunnel.verify.GoldenJson.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.OptimizerSpec.Decayed;
import org.windtunnel.config.ParameterizationSpec;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.TransformerFamily;
import org.windtunnel.optim.GradClip;
import org.windtunnel.scaling.Assignment;
import org.windtunnel.scaling.ParamScaling;
import org.windtunnel.scaling.Parameterizations;
import org.windtunnel.scaling.ScalingTable;
import org.windtunnel.tensor.Tensor;

/**
 * The optimizer of one of a model file's training runs, and the scalars of its parameters.
 *
 * @param lrFactors factor on the rate of each step, or null for a constant rate
 * @param clip limit of the global gradient norm, 0 for none
 */
record GoldenRun(OptimizerSpec optimizer, ScalingTable table, double[] lrFactors, double clip) {

    /** Whether a run's optimizer exists here. */
    static boolean supports(JsonNode run) {
        return GoldenOptimizer.supports(text(run, "optimizer"));
    }

    /** @throws IllegalArgumentException if the run's optimizer does not exist here */
    static GoldenRun of(JsonNode run, GoldenModel model) {
        JsonNode config = field(run, "config");
        String name = text(run, "optimizer");
        OptimizerSpec optimizer = name.equals("adamw")
                ? GoldenOptimizer.adamw(config, number(config, "weight_decay_ndim_ge_2"), Decayed.MATRICES)
                : GoldenOptimizer.of(name, config, null, Map.of());
        boolean mup = name.startsWith("Mu");
        return new GoldenRun(
                optimizer,
                mup ? maximalUpdate(optimizer, model) : plain(optimizer, model),
                config.has("lr_factor") ? GoldenJson.numbers(config, "lr_factor") : null,
                config.path("grad_clip_global_norm").asDouble(0));
    }

    private static ScalingTable plain(OptimizerSpec optimizer, GoldenModel model) {
        List<ParamSpec> specs = TransformerFamily.declare(model.shape());
        List<ParamScaling> rows = new ArrayList<>();
        specs.forEach(spec -> rows.add(new ParamScaling(0, 0, 1, 1, 1)));
        return new ScalingTable(specs, Assignment.of(optimizer, specs), rows, model.multipliers());
    }

    /** microsoft/mup with its defaults; weights come from the file, so the init settings play no part. */
    private static ScalingTable maximalUpdate(OptimizerSpec optimizer, GoldenModel model) {
        var mup = new ParameterizationSpec.MuP(
                model.baseShape().width(), 1, 1, 1, false, 1, 1, ParameterizationSpec.DecayRule.MUP_LINEAR);
        return Parameterizations.resolve(
                mup,
                optimizer,
                TransformerFamily.declare(model.shape()),
                TransformerFamily.declare(model.baseShape()),
                model.shape().headDim(),
                model.baseShape().headDim(),
                model.shape().depth());
    }

    double lr(int step) {
        return lrFactors == null ? optimizer.lr() : optimizer.lr() * lrFactors[step];
    }

    /** Factor on the gradients of a step. */
    double gradScale(Backend backend, Tensor gradients) {
        return clip == 0 ? 1 : GradClip.factor(GradClip.norm(backend, gradients), clip);
    }
}
