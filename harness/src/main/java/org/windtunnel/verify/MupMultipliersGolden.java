package org.windtunnel.verify;

import static org.windtunnel.verify.GoldenJson.field;
import static org.windtunnel.verify.GoldenJson.number;
import static org.windtunnel.verify.GoldenJson.numbers;
import static org.windtunnel.verify.GoldenJson.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.OptimizerSpec.Decayed;
import org.windtunnel.config.OptimizerSpec.EpsPlacement;
import org.windtunnel.config.ParameterizationSpec;
import org.windtunnel.config.ParameterizationSpec.DecayRule;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Role;
import org.windtunnel.scaling.ParamScaling;
import org.windtunnel.scaling.Parameterizations;
import org.windtunnel.scaling.ScalingTable;

/**
 * {@code mup-multipliers/v1}: what microsoft/mup does to each parameter of a GPT, a ResNet and an MLP at several widths;
 * the first model of each family is the base.
 *
 * <p>Biases start at zero here, so mup's rescaling of them has no counterpart.
 */
final class MupMultipliersGolden implements GoldenFormat {
    private static final double RTOL = 1e-12;
    private static final List<String> FAMILIES = List.of("gpt", "resnet", "mlp");
    private static final OptimizerSpec ADAM =
            new OptimizerSpec.AdamW(1, 0.9, 0.999, 1e-8, EpsPlacement.AFTER, 1, Decayed.ALL);
    private static final OptimizerSpec SGD = new OptimizerSpec.Sgd(1, 0.9, 0, false, 1, Decayed.ALL);

    /** One rescaled family member against its base. */
    private record Member(
            String caseName, JsonNode model, List<ParamSpec> specs, List<ParamSpec> base, JsonNode baseModel) {

        JsonNode parameter(int i) {
            return field(model, "parameters").get(i);
        }

        ScalingTable resolve(
                OptimizerSpec optimizer, double embeddingStd, double gain, double outputMult, DecayRule rule) {
            ParameterizationSpec mup =
                    new ParameterizationSpec.MuP(1, embeddingStd, gain, gain, false, 1, outputMult, rule);
            return Parameterizations.resolve(mup, optimizer, specs, base, 1, 1, 1);
        }
    }

    @Override
    public String format() {
        return "mup-multipliers/v1";
    }

    @Override
    public String unsupported(String name, JsonNode root) {
        return null;
    }

    @Override
    public List<String> unsupportedParts(String name, JsonNode root) {
        return List.of();
    }

    @Override
    public List<Check> replay(String name, JsonNode root, Supplier<Backend> backend) {
        List<Check> checks = new ArrayList<>();
        for (String family : FAMILIES) {
            JsonNode models = field(field(root, family), "models");
            List<ParamSpec> base = specs(models.get(0));
            for (JsonNode model : models) {
                String caseName = name + "/" + family + " width " + text(model, "width");
                Member member = new Member(caseName, model, specs(model), base, models.get(0));
                checks.addAll(multipliers(member));
                checks.addAll(initialisation(member));
                checks.add(rescaling(member));
                checks.add(readout(member));
            }
        }
        return checks;
    }

    private static List<Check> multipliers(Member m) {
        ScalingTable adam = m.resolve(ADAM, 1, 1, 1, DecayRule.MUP_LINEAR);
        ScalingTable sgd = m.resolve(SGD, 1, 1, 1, DecayRule.MUP_LINEAR);
        ScalingTable fixed = m.resolve(ADAM, 1, 1, 1, DecayRule.FIXED);
        return List.of(
                compare(m, "MuAdam_lr_mult", adam, ParamScaling::lrMult),
                compare(m, "MuAdam_wd_mult", adam, ParamScaling::wdMult),
                compare(m, "MuAdamW_lr_mult", adam, ParamScaling::lrMult),
                compare(m, "MuAdamW_wd_mult", adam, ParamScaling::wdMult),
                compare(m, "MuAdam_decoupled_wd_flag_wd_mult", fixed, ParamScaling::wdMult),
                compare(m, "MuSGD_lr_mult", sgd, ParamScaling::lrMult),
                compare(m, "MuSGD_wd_mult", sgd, ParamScaling::wdMult));
    }

    private static Check compare(Member m, String key, ScalingTable table, ToDoubleFunction<ParamScaling> value) {
        Deviation deviation = new Deviation(RTOL, 0);
        for (int i = 0; i < table.rows().size(); i++) {
            deviation.add(value.applyAsDouble(table.rows().get(i)), number(m.parameter(i), key));
        }
        return deviation.check(m.caseName(), key);
    }

    /** Every sampler, expressed as our gain or table std at the base width, then carried to this width. */
    private static List<Check> initialisation(Member m) {
        List<Check> checks = new ArrayList<>();
        for (String key : List.of("mup_init_std", "mup_init_normal_std0.02", "mup_init_kaiming_normal_fanin_relu")) {
            Deviation deviation = new Deviation(RTOL, 0);
            for (int i = 0; i < m.specs().size(); i++) {
                JsonNode expected = m.parameter(i).path(key);
                if (m.specs().get(i).shape().length >= 2 && expected.isNumber()) {
                    deviation.add(
                            stdFrom(
                                    m,
                                    i,
                                    number(m.baseModel().path("parameters").get(i), key)),
                            expected.asDouble());
                }
            }
            checks.add(deviation.check(m.caseName(), key));
        }
        return checks;
    }

    private static double stdFrom(Member m, int i, double atBase) {
        double gain = atBase * Math.sqrt(m.base().get(i).fanIn());
        return m.resolve(ADAM, atBase, gain, 1, DecayRule.FIXED).rows().get(i).initStd();
    }

    /** mup's rescaling of freshly initialised weights: muP's standard deviation over SP's. */
    private static Check rescaling(Member m) {
        Deviation deviation = new Deviation(RTOL, 0);
        List<ParamScaling> mup = m.resolve(ADAM, 1, 1, 1, DecayRule.FIXED).rows();
        ParameterizationSpec standard = new ParameterizationSpec.Sp(1, 1, 1, false);
        List<ParamScaling> sp = Parameterizations.resolve(standard, ADAM, m.specs(), m.specs(), 1, 1, 1).rows();
        for (int i = 0; i < mup.size(); i++) {
            JsonNode expected = m.parameter(i).path("set_base_shapes_rescale_factor");
            if (m.specs().get(i).shape().length >= 2 && expected.isNumber()) {
                deviation.add(mup.get(i).initStd() / sp.get(i).initStd(), expected.asDouble());
            }
        }
        return deviation.check(m.caseName(), "set_base_shapes_rescale_factor of weights");
    }

    private static Check readout(Member m) {
        double outputMult = number(field(m.baseModel(), "readout").get(0), "forward_input_multiplier");
        double expected = number(field(m.model(), "readout").get(0), "forward_input_multiplier");
        double actual = m.resolve(ADAM, 1, 1, outputMult, DecayRule.FIXED).forward().readout();
        return new Deviation(RTOL, 0).add(actual, expected).check(m.caseName(), "readout input multiplier");
    }

    private static List<ParamSpec> specs(JsonNode model) {
        Map<String, Integer> fanIn = new LinkedHashMap<>();
        List<ParamSpec> out = new ArrayList<>();
        String readout = text(field(model, "readout").get(0), "module");
        for (JsonNode p : field(model, "parameters")) {
            String name = text(p, "name");
            int[] shape = Arrays.stream(numbers(p, "shape")).mapToInt(d -> (int) d).toArray();
            String module = name.substring(0, name.lastIndexOf('.'));
            int inputs = Arrays.stream(shape).skip(shape.length == 1 ? 0 : 1).reduce(1, Math::multiplyExact);
            fanIn.putIfAbsent(module, inputs);
            out.add(new ParamSpec(
                    name, role(name, module, shape, readout, out), shape, fanIn.get(module), shape[0], -1, false));
        }
        return out;
    }

    /** @param before declared so far: the first filters are the stem */
    private static Role role(String name, String module, int[] shape, String readout, List<ParamSpec> before) {
        if (name.endsWith(".bias")) {
            return Role.BIAS;
        }
        if (shape.length == 1) {
            return Role.NORM_GAIN;
        }
        if (module.equals("wte") || module.equals("wpe")) {
            return Role.EMBEDDING;
        }
        if (shape.length == 4 && before.stream().noneMatch(p -> p.role() == Role.STEM)) {
            return Role.STEM;
        }
        return module.equals(readout) ? Role.READOUT : Role.HIDDEN;
    }
}
