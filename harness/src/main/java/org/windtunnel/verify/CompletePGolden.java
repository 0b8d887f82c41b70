package org.windtunnel.verify;

import static org.windtunnel.verify.GoldenJson.field;
import static org.windtunnel.verify.GoldenJson.number;
import static org.windtunnel.verify.GoldenJson.numbers;
import static org.windtunnel.verify.GoldenJson.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.OptimizerSpec.Decayed;
import org.windtunnel.config.OptimizerSpec.EpsPlacement;
import org.windtunnel.config.ParameterizationSpec;
import org.windtunnel.config.ParameterizationSpec.DecayRule;
import org.windtunnel.config.ParameterizationSpec.EpsScaling;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Role;
import org.windtunnel.nn.TransformerFamily;
import org.windtunnel.nn.TransformerShape;
import org.windtunnel.nn.TransformerShape.Flavour;
import org.windtunnel.scaling.ParamScaling;
import org.windtunnel.scaling.Parameterizations;
import org.windtunnel.scaling.ScalingTable;

/** {@code completep-groups/v1}: initialisation, rate, decay and epsilon of nanoGPT's parameters under CompleteP. */
final class CompletePGolden implements GoldenFormat {
    private static final double RTOL = 1e-12;

    @Override
    public String format() {
        return "completep-groups/v1";
    }

    @Override
    public String unsupported(String name, JsonNode root) {
        return null;
    }

    @Override
    public List<Check> replay(String name, JsonNode root, Supplier<Backend> backend) {
        List<Check> checks = new ArrayList<>();
        int index = 1;
        for (JsonNode c : field(root, "cases")) {
            checks.addAll(replay(name + "/case " + index++, c));
        }
        return checks;
    }

    private static List<Check> replay(String caseName, JsonNode c) {
        JsonNode parameters = field(c, "parameters");
        int width = (int) numbers(parameters.get(0), "shape")[1];
        int baseWidth = (int) Math.round(width / number(c, "width_multiplier"));
        TransformerShape shape = shape(parameters, width);
        TransformerShape base = shape(parameters, baseWidth);
        int baseDepth = (int) Math.round(shape.depth() / number(c, "depth_multiplier"));
        OptimizerSpec adam = new OptimizerSpec.AdamW(1, 0.9, 0.95, number(c, "adam_eps"), EpsPlacement.AFTER,
                number(c, "weight_decay"), Decayed.MATRICES);
        List<ParamSpec> specs = TransformerFamily.declare(shape);
        ScalingTable table = Parameterizations.resolve(parameterization(c, baseWidth, baseDepth), adam, specs,
                TransformerFamily.declare(base), shape.headDim(), base.headDim(), shape.depth());
        double decay = number(c, "weight_decay");
        double eps = number(c, "adam_eps");
        ForwardMultipliers forward = table.forward();
        double attention = forward.attention() / Math.sqrt(base.headDim());
        return List.of(
                compare(caseName, parameters, table, "lr_scale", ParamScaling::lrMult),
                compare(caseName, parameters, table, "weight_decay", row -> decay * row.wdMult()),
                compare(caseName, parameters, table, "eps", row -> eps * row.epsMult()),
                initialisation(caseName, parameters, table, number(c, "init_std"),
                        number(c, "width_multiplier")),
                new Deviation(RTOL, 0).add(forward.residual(), number(c, "residual_multiplier"))
                        .check(caseName, "residual_multiplier"),
                new Deviation(RTOL, 0).add(forward.readout(), number(c, "logit_input_multiplier"))
                        .check(caseName, "logit_input_multiplier"),
                new Deviation(RTOL, 0).add(attention, 1.0 / shape.headDim())
                        .check(caseName, "attention_scale over sqrt(base head_dim)"));
    }

    /** The branch without its depth options is muP whose λ does not follow width. */
    private static ParameterizationSpec parameterization(JsonNode c, int baseWidth, int baseDepth) {
        return field(c, "depth_alpha_enabled").asBoolean()
                ? new ParameterizationSpec.CompleteP(baseWidth, baseDepth, number(c, "depth_alpha"), 1, 1, 1,
                        false, 1, 1, DecayRule.MUP_LINEAR, EpsScaling.ALL, 1)
                : new ParameterizationSpec.MuP(baseWidth, 1, 1, 1, false, 1, 1, DecayRule.FIXED);
    }

    private static TransformerShape shape(JsonNode parameters, int width) {
        int vocab = (int) numbers(parameters.get(0), "shape")[0];
        int context = (int) numbers(parameters.get(1), "shape")[0];
        int depth = 0;
        for (JsonNode p : parameters) {
            depth += text(p, "name").endsWith("attn.c_attn.weight") ? 1 : 0;
        }
        return new TransformerShape(Flavour.GPT, width, depth, 2, 2, width / 2, context, vocab, 4 * width,
                Activation.GELU_ERF, true, true, false, 0, 1e-5);
    }

    private static Check compare(
            String caseName,
            JsonNode parameters,
            ScalingTable table,
            String key,
            ToDoubleFunction<ParamScaling> value) {
        Deviation deviation = new Deviation(RTOL, 0);
        for (JsonNode p : parameters) {
            deviation.add(value.applyAsDouble(table.rows().get(index(table, p))), number(p, key));
        }
        return deviation.check(caseName, key);
    }

    /** The file draws every matrix of the base model with one deviation; ours starts from 1/sqrt(base fan-in). */
    private static Check initialisation(
            String caseName, JsonNode parameters, ScalingTable table, double std, double mult) {
        Deviation deviation = new Deviation(RTOL, 0);
        for (JsonNode p : parameters) {
            int i = index(table, p);
            ParamSpec spec = table.specs().get(i);
            double atBase = spec.role() == Role.HIDDEN ? 1 / Math.sqrt(spec.fanIn() / mult) : 1;
            double expected = p.path("init_std").isNumber() ? number(p, "init_std") : 0;
            deviation.add(std * table.rows().get(i).initStd() / atBase, expected);
        }
        return deviation.check(caseName, "init_std");
    }

    private static int index(ScalingTable table, JsonNode p) {
        String name = text(p, "name");
        for (int i = 0; i < table.specs().size(); i++) {
            if (table.specs().get(i).name().equals(name)) {
                return i;
            }
        }
        throw new ConfigException("expected a parameter of nanoGPT, found " + name);
    }
}
