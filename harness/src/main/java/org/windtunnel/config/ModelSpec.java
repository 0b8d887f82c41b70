package org.windtunnel.config;

import java.util.Map;

/** The model families. */
@Selector("family")
public sealed interface ModelSpec permits ModelSpec.Gpt, ModelSpec.Llama, ModelSpec.Dl4j, ResNetSpec, MlpSpec {

    int width();

    /** Units of an example, by which budgets and losses count: the tokens of a sequence, 1 for an image. */
    int unitsPerExample();

    /** What a unit is called, in the plural. */
    default String unit() {
        return "tokens";
    }

    /** The same model at another width; heads or head_dim stay, whichever was given. */
    ModelSpec withWidth(int width);

    /** @throws ConfigException if the sizes do not fit together, as far as that shows without data */
    void requireConsistent();

    /** GPT-2's architecture: LayerNorm, GELU, learned positions. */
    @Variant(value = "gpt", doc = "GPT-2: LayerNorm, GELU, learned positions")
    record Gpt(
            @Key(value = "Width of the residual stream", unit = "elements") @Range(min = 1) int width,
            @Key(value = "Number of blocks") @Range(min = 1) int depth,
            @Key(value = "Attention heads; give this or head_dim", def = Key.NONE) @Range(min = 1) Integer heads,
            @Key(value = "Elements per head; give this or heads", def = Key.NONE, unit = "elements")
                    @Range(min = 1) Integer headDim,
            @Key(value = "Context length", unit = "tokens") @Range(min = 1) int context,
            @Key(value = "Feed-forward width as a multiple of width", def = "4") @Range(min = 0, aboveMin = true) double ffnMultiple,
            @Key(value = "Biases in linear layers and LayerNorm", def = "false") boolean bias,
            @Key(value = "Readout shares the token table", def = "false") boolean tied,
            @Key(value = "gelu_tanh, gelu_erf or relu", def = "gelu_tanh") Activation activation,
            @Key(value = "Epsilon inside the normalisation", def = "1e-5") @Range(min = 0, aboveMin = true) double normEps)
            implements ModelSpec {
        @Override
        public Gpt withWidth(int other) {
            return new Gpt(other, depth, heads, headDim, context, ffnMultiple, bias, tied, activation, normEps);
        }

        @Override
        public int unitsPerExample() {
            return context;
        }

        @Override
        public void requireConsistent() {
            resolvedHeads();
        }

        /** Query heads. @throws ConfigException if width, heads and head_dim do not fit together */
        public int resolvedHeads() {
            return ModelShapes.heads(width, heads, headDim);
        }

        /** Elements per head. */
        public int resolvedHeadDim() {
            return width / resolvedHeads();
        }
    }

    /** LLaMA's architecture: RMSNorm, SwiGLU, rotary positions. */
    @Variant(value = "llama", doc = "LLaMA: RMSNorm, SwiGLU, rotary positions, optional QK-norm and grouped-query attention")
    record Llama(
            @Key(value = "Width of the residual stream", unit = "elements") @Range(min = 1) int width,
            @Key(value = "Number of blocks") @Range(min = 1) int depth,
            @Key(value = "Query heads; give this or head_dim", def = Key.NONE) @Range(min = 1) Integer heads,
            @Key(value = "Elements per head; give this or heads", def = Key.NONE, unit = "elements")
                    @Range(min = 1) Integer headDim,
            @Key(value = "Key/value heads; none: as many as query heads", def = Key.NONE)
                    @Range(min = 1) Integer kvHeads,
            @Key(value = "Context length", unit = "tokens") @Range(min = 1) int context,
            @Key(value = "Feed-forward width as a multiple of width, rounded up to a multiple of 8", def = "2.6667")
                    @Range(min = 0, aboveMin = true) double ffnMultiple,
            @Key(value = "RMSNorm on each query and key head before the rotation", def = "false") boolean qkNorm,
            @Key(value = "Base of the rotary frequencies", def = "10000") @Range(min = 0, aboveMin = true) double ropeTheta,
            @Key(value = "Readout shares the token table", def = "false") boolean tied,
            @Key(value = "Epsilon inside the normalisation", def = "1e-5") @Range(min = 0, aboveMin = true) double normEps)
            implements ModelSpec {
        @Override
        public Llama withWidth(int other) {
            return new Llama(
                    other, depth, heads, headDim, kvHeads, context, ffnMultiple, qkNorm, ropeTheta, tied, normEps);
        }

        @Override
        public int unitsPerExample() {
            return context;
        }

        @Override
        public void requireConsistent() {
            resolvedHeads();
        }

        /** Query heads. @throws ConfigException if width, heads and head_dim do not fit together */
        public int resolvedHeads() {
            return ModelShapes.heads(width, heads, headDim);
        }

        /** Elements per head. */
        public int resolvedHeadDim() {
            return width / resolvedHeads();
        }
    }

    /** Somebody's network: a Deeplearning4j ComputationGraph in a file. */
    @Variant(value = "dl4j", doc = "Deeplearning4j: any ComputationGraph of one input of images and one output of classes")
    record Dl4j(
            @Key("The graph: JSON of its configuration, or a zip that ModelSerializer wrote (weights come with init)") String file,
            @Key(value = "Outputs of the first layer with weights; other than in the file, all layers are scaled with it",
                            unit = "elements")
                    @Range(min = 1) int width,
            @Key(value = "Roles by name pattern (a regular expression on whole names), such as {dense1.W: hidden}; the others are "
                            + "inferred",
                            def = "{}")
                    Map<String, ParameterRole> roles)
            implements ModelSpec {
        @Override
        public Dl4j withWidth(int other) {
            return new Dl4j(file, other, roles);
        }

        @Override
        public int unitsPerExample() {
            return 1;
        }

        @Override
        public String unit() {
            return "images";
        }

        @Override
        public void requireConsistent() {
            // The file is read when the data are known.
        }
    }

    /** What parameterizations and optimizers ask of a parameter. */
    enum ParameterRole {
        EMBEDDING,
        HIDDEN,
        READOUT,
        NORM_GAIN,
        BIAS,
        STEM
    }

    /** Activation names as in the config. */
    enum Activation {
        GELU_TANH,
        GELU_ERF,
        RELU
    }
}
