package org.windtunnel.interop;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.windtunnel.checkpoint.SafetensorsFile;
import org.windtunnel.checkpoint.SafetensorsWriter;
import org.windtunnel.checkpoint.TensorType;
import org.windtunnel.config.ConfigException;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.TransformerFamily;
import org.windtunnel.nn.TransformerShape;
import org.windtunnel.nn.TransformerShape.Flavour;

/**
 * Writes a transformer's weights under the names that nanoGPT and Hugging Face give them.
 *
 * @param shape the model
 * @param multipliers the constants that the weights were trained with
 * @param model the {@code model} section of the experiment
 * @param source which run and step they are of, for the metadata
 */
public record TransformerExport(
        TransformerShape shape, ForwardMultipliers multipliers, Map<?, ?> model, String source) {
    /** Key of the metadata with the {@code model} section. */
    static final String MODEL = "windtunnel.model";
    /** Key of the metadata with the constants of the forward pass. */
    static final String MULTIPLIERS = "windtunnel.multipliers";

    private static final String WEIGHTS = "model.safetensors";
    private static final String CONFIG = "config.json";
    private static final ObjectMapper JSON = new ObjectMapper();

    /**
     * Writes the file, or into a directory {@code model.safetensors} with Hugging Face's {@code config.json} beside it.
     *
     * @param weights a checkpoint's weights, under the names of the declaration
     * @param fold multiply the constants into the weights, so that only attention's 1/sqrt(headDim) is left of them
     * @param bf16 round the weights to BF16, half the bytes of fp32
     * @return the file of weights
     * @throws ConfigException if the weights are of another model, or the file cannot be written
     */
    public Path write(SafetensorsFile weights, boolean fold, boolean bf16, Path out) {
        ForwardMultipliers standard = ForwardMultipliers.standard(shape.headDim());
        MultiplierFolding folding = new MultiplierFolding(shape, multipliers, fold ? standard : multipliers);
        Map<String, TensorType> types = new LinkedHashMap<>();
        Map<String, ParamSpec> byName = new LinkedHashMap<>();
        for (ParamSpec p : TransformerFamily.declare(shape)) {
            String name = TransformerFileNames.inFile(shape, p.name());
            types.put(name, weights.type(p.name()));
            byName.put(name, p);
        }
        try {
            boolean directory = Files.isDirectory(out);
            Path file = directory ? out.resolve(WEIGHTS) : out;
            SafetensorsWriter.write(file, types, bf16, metadata(fold ? standard : multipliers, bf16), name -> {
                double[] values = weights.values(byName.get(name).name());
                folding.apply(byName.get(name), values);
                return values;
            });
            if (directory) {
                Files.write(out.resolve(CONFIG), config(bf16).toPrettyString().getBytes(StandardCharsets.UTF_8));
            }
            return file;
        } catch (IOException e) {
            throw new ConfigException(out + ": cannot be written: " + e.getMessage(), e);
        }
    }

    private Map<String, String> metadata(ForwardMultipliers constants, boolean bf16) {
        Map<String, String> metadata = new LinkedHashMap<>();
        metadata.put("config", config(bf16).toString());
        metadata.put(MODEL, JSON.valueToTree(model).toString());
        metadata.put(MULTIPLIERS, JSON.valueToTree(constants).toString());
        metadata.put("windtunnel.source", source);
        return metadata;
    }

    private ObjectNode config(boolean bf16) {
        return shape.flavour() == Flavour.GPT ? gptConfig() : llamaConfig(bf16);
    }

    /** nanoGPT's {@code GPTConfig}, and what it fixes. */
    private ObjectNode gptConfig() {
        return JSON.createObjectNode()
                .put("block_size", shape.context())
                .put("vocab_size", shape.vocab())
                .put("n_layer", shape.depth())
                .put("n_head", shape.heads())
                .put("n_embd", shape.width())
                .put("dropout", 0.0)
                .put("bias", shape.bias())
                .put("n_inner", shape.ffnWidth())
                .put("activation_function", shape.activation().name().toLowerCase(Locale.ROOT))
                .put("tie_word_embeddings", shape.tied())
                .put("layer_norm_epsilon", shape.normEps());
    }

    private ObjectNode llamaConfig(boolean bf16) {
        ObjectNode config = JSON.createObjectNode();
        // Qwen3 is LLaMA with QK-norm, as far as these models are concerned.
        config.putArray("architectures").add(shape.qkNorm() ? "Qwen3ForCausalLM" : "LlamaForCausalLM");
        return config.put("model_type", shape.qkNorm() ? "qwen3" : "llama")
                .put("hidden_size", shape.width())
                .put("intermediate_size", shape.ffnWidth())
                .put("num_hidden_layers", shape.depth())
                .put("num_attention_heads", shape.heads())
                .put("num_key_value_heads", shape.kvHeads())
                .put("head_dim", shape.headDim())
                .put("max_position_embeddings", shape.context())
                .put("vocab_size", shape.vocab())
                .put("rms_norm_eps", shape.normEps())
                .put("rope_theta", shape.ropeTheta())
                .put("hidden_act", "silu")
                .put("attention_bias", false)
                .put("mlp_bias", false)
                .put("tie_word_embeddings", shape.tied())
                .put("torch_dtype", bf16 ? "bfloat16" : "float32");
    }

    /** Whether the constants are those that every program has. */
    public boolean isStandard() {
        return new MultiplierFolding(shape, multipliers, ForwardMultipliers.standard(shape.headDim())).isIdentity();
    }
}
