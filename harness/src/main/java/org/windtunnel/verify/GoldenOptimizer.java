package org.windtunnel.verify;

import static org.windtunnel.verify.GoldenJson.field;
import static org.windtunnel.verify.GoldenJson.number;
import static org.windtunnel.verify.GoldenJson.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.Set;
import org.windtunnel.config.Auxiliary;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.MuonScale;
import org.windtunnel.config.MuonSpec;
import org.windtunnel.config.MuonSpec.FilterScale;
import org.windtunnel.config.MuonSpec.MomentumForm;
import org.windtunnel.config.NewtonSchulzCoefficients;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.OptimizerSpec.Decayed;
import org.windtunnel.config.OptimizerSpec.EpsPlacement;
import org.windtunnel.config.OptimizerSpec.SgdSai.Gain;
import org.windtunnel.config.ProjectedSpec;
import org.windtunnel.config.ProjectedSpec.Side;
import org.windtunnel.config.SphereSpec;
import org.windtunnel.config.SphereSpec.Radius;
import org.windtunnel.config.UpdateRule;

/** Optimizers by the names that golden files give them, with the settings of the official code behind each. */
final class GoldenOptimizer {
    private static final int MUON_STEPS = 5;
    private static final double MUON_EPS = 1e-7;
    private static final double GROWTH_LIMIT = 1.01;

    private static final Set<String> NAMES = Set.of(
            "adamw",
            "sgd",
            "sgd_nesterov",
            "MuAdam",
            "MuAdamW",
            "MuSGD",
            "sgd_sai",
            "apollo",
            "apollo_mini",
            "muon",
            "muon_kj",
            "muon_moonlight",
            "muon_archscale",
            "muon_archscale_spectral",
            "muon_airbench_conv",
            "muonh",
            "muonh_hyperp");

    private GoldenOptimizer() {}

    static boolean supports(String name) {
        return NAMES.contains(name);
    }

    /**
     * An optimizer of a file.
     *
     * @param decay its weight decay, or null to read it from {@code config}
     * @param assign rules by parameter pattern, in place of those by role
     */
    static OptimizerSpec of(String name, JsonNode config, Double decay, Map<String, UpdateRule> assign) {
        return switch (name) {
            case "adamw", "MuAdam", "MuAdamW" -> adamw(config, decay != null ? decay : number(config, "weight_decay"));
            case "sgd", "sgd_nesterov", "MuSGD" ->
                new OptimizerSpec.Sgd(
                        number(config, "lr"),
                        number(config, "momentum"),
                        config.path("dampening").asDouble(0),
                        field(config, "nesterov").asBoolean(),
                        decay != null ? decay : number(config, "weight_decay"),
                        Decayed.ALL);
            case "sgd_sai" ->
                new OptimizerSpec.SgdSai(
                        number(config, "lr"),
                        number(config, "momentum"),
                        number(config, "eps"),
                        gain(text(config, "variant")),
                        number(config, "weight_decay"),
                        Decayed.ALL);
            case "apollo", "apollo_mini" -> apollo(config, assign);
            case "muon", "muon_kj" -> kellerJordan(field(config, "muon"), adam(config), assign);
            case "muon_moonlight" -> moonlight(config, assign);
            case "muon_archscale", "muon_archscale_spectral" -> archScale(config, assign);
            case "muon_airbench_conv" ->
                new MuonSpec(
                        number(config, "lr"),
                        number(config, "momentum"),
                        0.85,
                        0,
                        MomentumForm.SUM,
                        field(config, "nesterov").asBoolean(),
                        MuonScale.NONE,
                        FilterScale.FLAT,
                        GoldenJson.integer(config, "ns_steps"),
                        NewtonSchulzCoefficients.KELLER_JORDAN,
                        number(config, "ns_eps"),
                        0,
                        false,
                        true,
                        new Auxiliary(null, null, null, null, null, 0.0, Decayed.ALL),
                        assign);
            case "muonh", "muonh_hyperp" ->
                new SphereSpec.MuonH(
                        number(config, "lr"),
                        number(config, "mu"),
                        config.path("nesterov").asBoolean(true),
                        MUON_STEPS,
                        NewtonSchulzCoefficients.DION,
                        number(config, "epsilon"),
                        Radius.CURRENT,
                        muonDecay(config),
                        archScaleAdam(config),
                        assign);
            default -> throw new ConfigException("unknown optimizer " + name);
        };
    }

    static OptimizerSpec.AdamW adamw(JsonNode c, double weightDecay) {
        return adamw(c, weightDecay, Decayed.ALL);
    }

    static OptimizerSpec.AdamW adamw(JsonNode c, double weightDecay, Decayed decayed) {
        return new OptimizerSpec.AdamW(number(c, "lr"), number(c, "beta1"), number(c, "beta2"),
                number(c, c.has("eps") ? "eps" : "adam_eps_base"), EpsPlacement.AFTER, weightDecay, decayed);
    }

    private static Gain gain(String variant) {
        return switch (variant.split(" ")[0]) {
            case "1.0.3" -> Gain.RAW;
            case "1.0.4" -> Gain.MAX_NORMALISED;
            case "1.1.0-nightly" -> Gain.SQRT_NUMEL;
            default -> throw new ConfigException("unknown variant " + variant + " of sgd_sai");
        };
    }

    private static OptimizerSpec apollo(JsonNode c, Map<String, UpdateRule> assign) {
        Side side = switch (text(c, "proj_type")) {
            case "std" -> Side.SMALLER;
            case "reverse_std" -> Side.LARGER;
            case "right" -> Side.COLUMNS;
            case "left" -> Side.ROWS;
            default -> throw new ConfigException("unknown proj_type " + text(c, "proj_type"));
        };
        double limit = c.path("disable_nl").asBoolean() ? 0 : c.path("norm_growth_limit").asDouble(GROWTH_LIMIT);
        double decay = number(c, "weight_decay");
        Auxiliary others = new Auxiliary(null, null, null, null, null, null, Decayed.ALL);
        boolean front = c.path("scale_front").asBoolean();
        int rank = GoldenJson.integer(c, "rank");
        int gap = GoldenJson.integer(c, "update_proj_gap");
        return text(c, "scale_type").equals("channel")
                ? new ProjectedSpec.Apollo(number(c, "lr"), number(c, "beta1"), number(c, "beta2"), number(c, "eps"),
                        rank, gap, side, number(c, "scale"), front, limit, decay, others, assign, true)
                : new ProjectedSpec.ApolloMini(number(c, "lr"), number(c, "beta1"), number(c, "beta2"),
                        number(c, "eps"), rank, gap, side, number(c, "scale"), front, limit, decay, others, assign, true);
    }

    private static JsonNode adam(JsonNode config) {
        return config.has("adam") ? config.get("adam") : config.path("adam_aux");
    }

    private static OptimizerSpec kellerJordan(JsonNode muon, JsonNode adam, Map<String, UpdateRule> assign) {
        Auxiliary others = adam.isMissingNode()
                ? new Auxiliary(null, null, null, null, null, null, Decayed.ALL)
                : new Auxiliary(number(adam, "lr"), beta(adam, "betas", 0), beta(adam, "betas", 1), number(adam, "eps"),
                        EpsPlacement.AFTER, adam.path("weight_decay").asDouble(0), Decayed.ALL);
        return new MuonSpec(number(muon, "lr"), number(muon, "momentum"), 0.85, 0, MomentumForm.EMA,
                muon.path("nesterov").asBoolean(true), MuonScale.CLIP_NORM, FilterScale.KERNEL, MUON_STEPS,
                NewtonSchulzCoefficients.KELLER_JORDAN, muon.path("ns_eps").asDouble(MUON_EPS),
                number(muon, "weight_decay"), false, false, others, assign);
    }

    private static double beta(JsonNode node, String name, int i) {
        return GoldenJson.numbers(node, name)[i];
    }

    private static OptimizerSpec moonlight(JsonNode c, Map<String, UpdateRule> assign) {
        Auxiliary others = new Auxiliary(null, beta(c, "adamw_betas", 0), beta(c, "adamw_betas", 1),
                number(c, "adamw_eps"), EpsPlacement.BEFORE, null, Decayed.ALL);
        return new MuonSpec(number(c, "lr"), number(c, "momentum"), 0.85, 0, MomentumForm.SUM,
                field(c, "nesterov").asBoolean(), MuonScale.RMS_NORM, FilterScale.FLAT, MUON_STEPS,
                NewtonSchulzCoefficients.KELLER_JORDAN, number(c, "ns_eps"), number(c, "wd"), false, false, others,
                assign);
    }

    private static OptimizerSpec archScale(JsonNode c, Map<String, UpdateRule> assign) {
        MuonScale scale = switch (text(c, "adjust_lr")) {
            case "spectral_norm" -> MuonScale.SPECTRAL_NORM;
            case "clip_norm" -> MuonScale.CLIP_NORM;
            case "rms_norm" -> MuonScale.RMS_NORM;
            default -> MuonScale.NONE;
        };
        return new MuonSpec(number(c, "lr"), number(c, "mu"), 0.85, 0, MomentumForm.SUM,
                c.path("nesterov").asBoolean(true), scale, FilterScale.FLAT, MUON_STEPS, NewtonSchulzCoefficients.DION,
                number(c, "epsilon"), muonDecay(c), c.path("cautious_wd").asBoolean(), false, archScaleAdam(c), assign);
    }

    private static double muonDecay(JsonNode c) {
        return c.has("weight_decay_muon") ? number(c, "weight_decay_muon") : number(c, "weight_decay");
    }

    private static Auxiliary archScaleAdam(JsonNode c) {
        double decay = c.has("weight_decay_adamw") ? number(c, "weight_decay_adamw") : number(c, "weight_decay");
        return new Auxiliary(null, beta(c, "betas", 0), beta(c, "betas", 1), number(c, "epsilon"), EpsPlacement.AFTER,
                decay, Decayed.ALL);
    }
}
