package org.windtunnel.verify;

import static org.windtunnel.verify.GoldenJson.field;
import static org.windtunnel.verify.GoldenJson.integer;
import static org.windtunnel.verify.GoldenJson.number;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.Auxiliary;
import org.windtunnel.config.NewtonSchulzCoefficients;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.OptimizerSpec.Decayed;
import org.windtunnel.config.OptimizerSpec.EpsPlacement;
import org.windtunnel.config.ParameterizationSpec;
import org.windtunnel.config.ParameterizationSpec.DecayRule;
import org.windtunnel.config.ParameterizationSpec.DecayScope;
import org.windtunnel.config.ParameterizationSpec.HyperP;
import org.windtunnel.config.ParameterizationSpec.MuPPlusPlus;
import org.windtunnel.config.ParameterizationSpec.Reading;
import org.windtunnel.config.SphereSpec;
import org.windtunnel.config.SphereSpec.Radius;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Role;
import org.windtunnel.scaling.ParamScaling;
import org.windtunnel.scaling.Parameterizations;
import org.windtunnel.scaling.ScalingTable;

/** {@code hyperp/v1}: rates, multipliers and decay of HyperP and muP++, in code and paper readings. */
final class HyperpGolden implements GoldenFormat {
    private static final double TOLERANCE = 1e-12;
    private static final double EXPONENT = 0.32;
    private static final int HEAD_DIM = 128;

    @Override
    public String format() {
        return "hyperp/v1";
    }

    @Override
    public String unsupported(String name, JsonNode root) {
        return null;
    }

    @Override
    public List<Check> replay(String name, JsonNode root, Supplier<Backend> backend) {
        List<Check> checks = new ArrayList<>();
        for (JsonNode c : field(root, "lr_cases")) {
            String caseName = name + "/depth " + integer(c, "depth") + ", " + number(c, "tokens") + " tokens";
            rates(c, caseName, checks);
        }
        groups(field(root, "param_groups_depth16"), name, checks);
        return checks;
    }

    private static void rates(JsonNode c, String caseName, List<Check> checks) {
        double eta = number(c, "eta0");
        ScalingTable code = resolve(c, hyperp(c, Reading.CODE), muonH(eta));
        ScalingTable paper = resolve(c, hyperp(c, Reading.PAPER), muonH(eta));
        ScalingTable mup = resolve(c, mupPlusPlus(integer(c, "d0"), Math.round(number(c, "b0"))), adamw(eta));
        Deviation common = deviation();
        code.rows().forEach(row -> common.add(eta * row.lrMult(), number(c, "global_lr_code")));
        checks.add(common.check(caseName, "rates, code"));
        Deviation split = deviation();
        for (int i = 0; i < paper.rows().size(); i++) {
            String key =
                    paper.specs().get(i).role() == Role.HIDDEN ? "lr_hidden_paper" : "lr_embedding_vector_head_paper";
            split.add(eta * paper.rows().get(i).lrMult(), number(c, key));
        }
        checks.add(split.check(caseName, "rates, paper"));
        checks.add(deviation()
                .add(code.forward().residual(), number(c, "residual_multiplier"))
                .add(code.forward().readout(), number(c, "logit_multiplier"))
                .add(mup.forward().readout(), number(c, "logit_multiplier_if_mupp_instead"))
                .add(code.rows().stream().mapToDouble(ParamScaling::wdMult).sum(), number(c, "weight_decay"))
                .check(caseName, "branch and logit multipliers, decay"));
    }

    /** Rates and decay of hidden matrices against all others, in units of the common rate. */
    private static void groups(JsonNode groups, String name, List<Check> checks) {
        for (Map.Entry<String, JsonNode> e : groups.properties()) {
            boolean sphere = e.getKey().contains("muonh");
            ParameterizationSpec spec = sphere
                    ? new HyperP(8, null, null, EXPONENT, Reading.CODE, null, 1e-4, 0.02, 0.5)
                    : mupPlusPlus(8, null);
            ScalingTable table = Parameterizations.resolve(
                    spec, sphere ? muonH(1) : adamw(1), model(), model(), HEAD_DIM, HEAD_DIM, 16);
            Deviation deviation = deviation();
            for (JsonNode group : e.getValue()) {
                boolean hidden = group.path("algorithm").asText().equals("muon");
                for (int i = 0; i < table.rows().size(); i++) {
                    if (hidden == (table.specs().get(i).role() == Role.HIDDEN)) {
                        ParamScaling row = table.rows().get(i);
                        deviation.add(row.lrMult() / Math.sqrt(0.5), number(group, "lr_mult"));
                        deviation.add(0.1 * row.wdMult(), number(group, "weight_decay"));
                    }
                }
            }
            checks.add(deviation.check(name + "/" + e.getKey(), "rates and decay of the groups"));
        }
    }

    private static Deviation deviation() {
        return new Deviation(TOLERANCE, 0);
    }

    private static ParameterizationSpec hyperp(JsonNode c, Reading reading) {
        return new HyperP(integer(c, "d0"), Math.round(number(c, "t0")), Math.round(number(c, "b0")), EXPONENT, reading,
                null, 1e-4, 0.02, 0.5);
    }

    private static ParameterizationSpec mupPlusPlus(int baseDepth, Long batch) {
        return new MuPPlusPlus(baseDepth, batch, null, 1e-4, 0.02, DecayScope.HIDDEN, DecayRule.FIXED);
    }

    private static OptimizerSpec muonH(double lr) {
        return new SphereSpec.MuonH(lr, 0.95, true, 5, NewtonSchulzCoefficients.DION, 1e-8, Radius.CURRENT, 0.1,
                new Auxiliary(null, null, null, null, null, null, Decayed.ALL), Map.of());
    }

    private static OptimizerSpec adamw(double lr) {
        return new OptimizerSpec.AdamW(lr, 0.9, 0.95, 1e-8, EpsPlacement.AFTER, 0.1, Decayed.MATRICES);
    }

    private static ScalingTable resolve(JsonNode c, ParameterizationSpec spec, OptimizerSpec optimizer) {
        return Parameterizations.resolve(spec, optimizer, model(), model(), HEAD_DIM, HEAD_DIM, integer(c, "depth"),
                number(c, "tokens"), number(c, "batch_tokens"));
    }

    /** One parameter of each role. */
    private static List<ParamSpec> model() {
        return List.of(
                new ParamSpec("wte.weight", Role.EMBEDDING, new int[] {11, 8}, 11, 8, -1, false),
                new ParamSpec("h.0.norm.weight", Role.NORM_GAIN, new int[] {8}, 8, 8, 0, false),
                new ParamSpec("h.0.proj.weight", Role.HIDDEN, new int[] {8, 8}, 8, 8, 0, true),
                new ParamSpec("lm_head.weight", Role.READOUT, new int[] {11, 8}, 8, 11, -1, false));
    }
}
