package org.windtunnel.verify;

import static org.windtunnel.verify.GoldenJson.field;
import static org.windtunnel.verify.GoldenJson.integer;
import static org.windtunnel.verify.GoldenJson.number;
import static org.windtunnel.verify.GoldenJson.numbers;
import static org.windtunnel.verify.GoldenJson.text;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.windtunnel.backend.Backend;
import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.ParameterizationSpec;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.Model;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Transformer;
import org.windtunnel.nn.TransformerFamily;
import org.windtunnel.nn.TransformerShape;
import org.windtunnel.nn.TransformerShape.Flavour;
import org.windtunnel.scaling.Parameterizations;
import org.windtunnel.scaling.ScalingTable;
import org.windtunnel.tensor.Allocator;

/**
 * The transformer that a {@code model-golden/v1} file describes, read from its config and the shapes of its parameters.
 *
 * @param multipliers constants of the forward pass
 * @param widthMult width over base width, 1 where the file has no base model
 * @param baseDepth blocks of the base model, as many as the model's where the file has none
 * @param depthAlpha exponent of the depth multiplier, 1 where the file has none
 * @param microsoftNames whether parameters are named as in the file's own muP module and not as in nanoGPT
 */
record GoldenModel(
        TransformerShape shape,
        ForwardMultipliers multipliers,
        double widthMult,
        int baseDepth,
        double depthAlpha,
        boolean microsoftNames)
        implements GoldenNetwork {
    private static final Pattern EPS = Pattern.compile("eps=([0-9.eE+-]+)");
    private static final Pattern OUTPUT_MULT = Pattern.compile("output_mult=([0-9.eE+-]+)");

    /** Why a file's model cannot be built, or null if it can. */
    static String unsupported(JsonNode root) {
        JsonNode params = root.path("params");
        boolean llama = params.has("embed.weight");
        if (!llama && !params.has("transformer.wte.weight") && !params.has("wte.weight")) {
            return "no model family for it yet: " + root.path("model").asText("unnamed");
        }
        String activation = root.path("config").path("activation").asText();
        return llama || activation.startsWith("GELU exact") ? null : "unknown activation: " + activation;
    }

    static GoldenModel of(JsonNode root) {
        JsonNode config = field(root, "config");
        JsonNode params = field(root, "params");
        boolean llama = params.has("embed.weight");
        boolean microsoft = params.has("wte.weight");
        int heads = integer(config, "n_head");
        int headDim = integer(config, "d") / heads;
        String ffn = llama ? "layers.0.gate_proj" : microsoft ? "h.0.mlp_fc" : "transformer.h.0.mlp.c_fc";
        TransformerShape shape = new TransformerShape(
                llama ? Flavour.LLAMA : Flavour.GPT,
                integer(config, "d"),
                integer(config, "n_layer"),
                heads,
                llama ? rows(params, "layers.0.k_proj") / headDim : heads,
                headDim,
                integer(config, "T"),
                integer(config, "vocab"),
                rows(params, ffn),
                llama ? null : Activation.GELU_ERF,
                config.path("bias").asBoolean(),
                !params.has("lm_head.weight"),
                params.has("layers.0.q_norm.weight"),
                config.path("rope_theta").asDouble(0),
                llama ? number(config, "rms_eps") : within(EPS, text(config, "norm")));
        double widthMult = config.path("width_mult").asDouble(config.path("width_multiplier").asDouble(1));
        int baseDepth = (int) Math.round(shape.depth() / config.path("depth_multiplier").asDouble(1));
        return new GoldenModel(shape, multipliers(config, headDim, widthMult), widthMult, baseDepth,
                config.path("depth_alpha").asDouble(1), microsoft);
    }

    private static ForwardMultipliers multipliers(JsonNode config, int headDim, double widthMult) {
        double readout = config.has("readout")
                ? within(OUTPUT_MULT, text(config, "readout")) / widthMult
                : config.path("logit_input_multiplier").asDouble(1);
        String attention = text(config, "attention_scale");
        return new ForwardMultipliers(
                config.path("input_multiplier").asDouble(1),
                switch (attention) {
                    case "1/sqrt(head_dim)" -> 1 / Math.sqrt(headDim);
                    case "1/head_dim" -> 1.0 / headDim;
                    default -> throw new ConfigException(
                            "expected attention_scale 1/head_dim or 1/sqrt(head_dim), found " + attention);
                },
                config.path("residual_multiplier").asDouble(1),
                readout);
    }

    private static int rows(JsonNode params, String module) {
        return (int) numbers(field(params, module + ".weight"), "shape")[0];
    }

    private static double within(Pattern pattern, String text) {
        Matcher matcher = pattern.matcher(text);
        if (!matcher.find()) {
            throw new ConfigException("expected " + pattern + ", found " + text);
        }
        return Double.parseDouble(matcher.group(1));
    }

    /** The same model at the file's base width, with as many heads. */
    TransformerShape baseShape() {
        return new TransformerShape(
                shape.flavour(),
                divided(shape.width()),
                shape.depth(),
                shape.heads(),
                shape.kvHeads(),
                divided(shape.headDim()),
                shape.context(),
                shape.vocab(),
                divided(shape.ffnWidth()),
                shape.activation(),
                shape.bias(),
                shape.tied(),
                shape.qkNorm(),
                shape.ropeTheta(),
                shape.normEps());
    }

    private int divided(int size) {
        return Math.max(1, (int) Math.round(size / widthMult));
    }

    @Override
    public List<ParamSpec> specs() {
        return TransformerFamily.declare(shape);
    }

    @Override
    public Model build(Backend backend, JsonNode root, Allocator memory) {
        int[] tokens = GoldenNetwork.ints(root, "tokens");
        Transformer model = new Transformer(backend, shape, multipliers, tokens.length / shape.context(), memory);
        model.inputs().set(tokens);
        model.targets().set(GoldenNetwork.ints(root, "targets"));
        return model;
    }

    @Override
    public List<Check> outputs(String name, JsonNode root, Model model, Tolerance logits, Tolerance loss) {
        return root.has("logits")
                ? List.of(logits.check(name, "logits", model.logits().toDoubles(), numbers(root, "logits")))
                : List.of();
    }

    @Override
    public ScalingTable table(String run, OptimizerSpec optimizer) {
        if (run.equals(GoldenRun.COMPLETE_P)) {
            return resolve(completeP(), optimizer);
        }
        return run.startsWith("Mu") ? resolve(maximalUpdate(), optimizer) : GoldenNetwork.super.table(run, optimizer);
    }

    /** microsoft/mup with its defaults; weights come from the file, so the init settings play no part. */
    private ParameterizationSpec maximalUpdate() {
        return new ParameterizationSpec.MuP(
                baseShape().width(), 1, 1, 1, false, 1, 1, ParameterizationSpec.DecayRule.MUP_LINEAR);
    }

    /** The completep branch of EleutherAI/nanoGPT-mup. */
    private ParameterizationSpec completeP() {
        return new ParameterizationSpec.CompleteP(baseShape().width(), baseDepth, depthAlpha, 1, 1, 1, false, 1, 1,
                ParameterizationSpec.DecayRule.MUP_LINEAR, ParameterizationSpec.EpsScaling.ALL, 1);
    }

    private ScalingTable resolve(ParameterizationSpec parameterization, OptimizerSpec optimizer) {
        return Parameterizations.resolve(parameterization, optimizer, specs(), TransformerFamily.declare(baseShape()),
                shape.headDim(), baseShape().headDim(), shape.depth());
    }

    @Override
    public String nameInFile(String ours) {
        return microsoftNames
                ? ours.replace("transformer.", "")
                        .replace("attn.c_attn", "attn_qkv")
                        .replace("attn.c_proj", "attn_proj")
                        .replace("mlp.c_", "mlp_")
                : ours;
    }
}
