package org.windtunnel.verify;

import static org.windtunnel.verify.GoldenJson.field;
import static org.windtunnel.verify.GoldenJson.number;
import static org.windtunnel.verify.GoldenJson.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.OptimizerSpec.Decayed;
import org.windtunnel.optim.GradClip;
import org.windtunnel.scaling.ScalingTable;
import org.windtunnel.tensor.Tensor;

/**
 * The optimizer of one of a model file's training runs, and the scalars of its parameters.
 *
 * @param lrFactors factor on the rate of each step, or null for a constant rate
 * @param clip limit of the global gradient norm, 0 for none
 */
record GoldenRun(OptimizerSpec optimizer, ScalingTable table, double[] lrFactors, double clip) {

    static final String COMPLETE_P = "adamw_completep_groups";

    /** Whether a run's optimizer exists here. */
    static boolean supports(JsonNode run) {
        String name = text(run, "optimizer");
        return name.equals(COMPLETE_P) || GoldenOptimizer.supports(name);
    }

    /** @throws IllegalArgumentException if the run's optimizer does not exist here */
    static GoldenRun of(JsonNode run, GoldenNetwork network) {
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
        return new GoldenRun(
                optimizer,
                network.table(name, optimizer),
                config.has("lr_factor") ? GoldenJson.numbers(config, "lr_factor") : null,
                config.path("grad_clip_global_norm").asDouble(0));
    }

    double lr(int step) {
        return lrFactors == null ? optimizer.lr() : optimizer.lr() * lrFactors[step];
    }

    /** Factor on the gradients of a step. */
    double gradScale(Backend backend, Tensor gradients) {
        return clip == 0 ? 1 : GradClip.factor(GradClip.norm(backend, gradients), clip);
    }
}
