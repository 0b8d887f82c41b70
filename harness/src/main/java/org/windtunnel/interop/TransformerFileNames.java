package org.windtunnel.interop;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.windtunnel.nn.TransformerShape;
import org.windtunnel.nn.TransformerShape.Flavour;

/** What parameters are called in safetensors files: as in nanoGPT, and as in Hugging Face's LLaMA and Qwen3. */
final class TransformerFileNames {
    private static final Pattern BLOCK = Pattern.compile("layers\\.(\\d+)\\.(\\w+)\\.(weight)");
    private static final List<String> ATTENTION = List.of("q_proj", "k_proj", "v_proj", "o_proj", "q_norm", "k_norm");

    private TransformerFileNames() {}

    /** The name in a file of a parameter that {@link org.windtunnel.nn.TransformerFamily} declares. */
    static String inFile(TransformerShape shape, String ours) {
        return shape.flavour() == Flavour.GPT ? ours : llama(ours);
    }

    private static String llama(String ours) {
        Matcher block = BLOCK.matcher(ours);
        if (block.matches()) {
            return "model.layers." + block.group(1) + "." + llamaModule(block.group(2)) + "." + block.group(3);
        }
        return switch (ours) {
            case "embed.weight" -> "model.embed_tokens.weight";
            case "norm_f.weight" -> "model.norm.weight";
            case "lm_head.weight" -> ours;
            default -> throw new IllegalArgumentException("no parameter of LLaMA: " + ours);
        };
    }

    private static String llamaModule(String ours) {
        return switch (ours) {
            case "norm_1" -> "input_layernorm";
            case "norm_2" -> "post_attention_layernorm";
            default -> (ATTENTION.contains(ours) ? "self_attn." : "mlp.") + ours;
        };
    }

    /** Name of the readout matrix, which some programs also write where it is the token table. */
    static String readout() {
        return "lm_head.weight";
    }
}
