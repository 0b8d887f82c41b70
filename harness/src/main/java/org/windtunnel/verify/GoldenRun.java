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

    private static final String COMPLETE_P = "adamw_completep_groups";

    /** Whether a run's optimizer exists here. */
    static boolean supports(JsonNode run) {
        String name = text(run, "optimizer");
        return name.equals(COMPLETE_P) || GoldenOptimizer.supports(name);
    }

    /** @throws IllegalArgumentException if the run's optimizer does not exist here */
    static GoldenRun of(JsonNode run, GoldenModel model) {
        JsonNode config = field(run, "config");
        String name = text(run, "optimizer");
        OptimizerSpec optimizer =
                switch (name) {
                    case "adamw" -> GoldenOptimizer.adamw(
                            config, number(config, "weight_decay_ndim_ge_2"), Decayed.MATRICES);
                    case COMPLETE_P -> GoldenOptimizer.adamw(
                            config, number(config, "weight_decay_base"), Decayed.MATRICES);
                    default -> GoldenOptimizer.of(name, config, null, Map.of());
                };
        ParameterizationSpec parameterization =
                name.equals(COMPLETE_P) ? completeP(model) : name.startsWith("Mu") ? maximalUpdate(model) : null;
        return new GoldenRun(
                optimizer,
                parameterization == null ? plain(optimizer, model) : resolve(parameterization, optimizer, model),
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
    private static ParameterizationSpec maximalUpdate(GoldenModel model) {
        return new ParameterizationSpec.MuP(
                model.baseShape().width(), 1, 1, 1, false, 1, 1, ParameterizationSpec.DecayRule.MUP_LINEAR);
    }

    /** The completep branch of EleutherAI/nanoGPT-mup. */
    private static ParameterizationSpec completeP(GoldenModel model) {
        return new ParameterizationSpec.CompleteP(model.baseShape().width(), model.baseDepth(), model.depthAlpha(), 1,
                1, 1, false, 1, 1, ParameterizationSpec.DecayRule.MUP_LINEAR, ParameterizationSpec.EpsScaling.ALL);
    }

    private static ScalingTable resolve(
            ParameterizationSpec parameterization, OptimizerSpec optimizer, GoldenModel model) {
        return Parameterizations.resolve(
                parameterization,
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
