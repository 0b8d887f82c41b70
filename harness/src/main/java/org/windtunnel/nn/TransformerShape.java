package org.windtunnel.nn;

import org.windtunnel.backend.LayerKernels.Activation;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.ModelSpec;

/**
 * Every size and option of a decoder-only transformer, resolved: what both flavours of {@link ModelSpec} become once the
 * vocabulary is known.
 *
 * @param flavour fixes norms, positions, feed-forward kind and parameter names
 * @param width elements D of the residual stream
 * @param depth blocks L
 * @param heads query heads H
 * @param kvHeads key/value heads, a divisor of H
 * @param headDim elements per head
 * @param context tokens T of a sequence
 * @param vocab token ids V
 * @param ffnWidth hidden elements F of the feed-forward blocks
 * @param activation of the feed-forward blocks; unused by LLaMA's SwiGLU
 * @param bias biases in linear layers and norms (GPT only)
 * @param tied the readout is the token table
 * @param qkNorm RMSNorm of each query and key head before the rotation (LLaMA only)
 * @param ropeTheta base of the rotary frequencies (LLaMA only)
 * @param normEps inside the square root of the norms
 */
public record TransformerShape(
        Flavour flavour,
        int width,
        int depth,
        int heads,
        int kvHeads,
        int headDim,
        int context,
        int vocab,
        int ffnWidth,
        Activation activation,
        boolean bias,
        boolean tied,
        boolean qkNorm,
        double ropeTheta,
        double normEps) {

    /** The two architectures. */
    public enum Flavour {
        /** LayerNorm, one hidden activation, learned positions, one fused qkv matrix. */
        GPT,
        /** RMSNorm, SwiGLU, rotary positions, separate q, k and v. */
        LLAMA
    }

    private static final int LLAMA_FFN_MULTIPLE_OF = 8;

    /** @throws ConfigException if the sizes do not fit together */
    public TransformerShape {
        positive("width", width);
        positive("depth", depth);
        positive("heads", heads);
        positive("kv_heads", kvHeads);
        positive("head_dim", headDim);
        positive("context", context);
        positive("vocabulary", vocab);
        positive("feed-forward width", ffnWidth);
        if (heads % kvHeads != 0) {
            throw new ConfigException("model: expected kv_heads to divide heads " + heads + ", found " + kvHeads);
        }
        if (flavour == Flavour.LLAMA && headDim % 2 != 0) {
            throw new ConfigException("model: rotary positions need an even head_dim, found " + headDim
                    + "; choose other heads or another width");
        }
        if (flavour == Flavour.LLAMA && !(ropeTheta > 0)) {
            throw new ConfigException("model: expected rope_theta > 0, found " + ropeTheta);
        }
        if (!(normEps >= 0)) {
            throw new ConfigException("model: expected norm_eps >= 0, found " + normEps);
        }
    }

    /**
     * The shape of a configured GPT.
     *
     * @param vocab token ids of the data
     * @throws ConfigException if the sizes do not fit together
     */
    public static TransformerShape of(ModelSpec.Gpt s, int vocab) {
        positive("width", s.width());
        int heads = s.resolvedHeads();
        return new TransformerShape(Flavour.GPT, s.width(), s.depth(), heads, heads, s.resolvedHeadDim(), s.context(),
                vocab, ffnWidth(s.ffnMultiple(), s.width(), 1), Activation.valueOf(s.activation().name()), s.bias(),
                s.tied(), false, 0, s.normEps());
    }

    /** The same of a LLaMA. */
    public static TransformerShape of(ModelSpec.Llama s, int vocab) {
        positive("width", s.width());
        int heads = s.resolvedHeads();
        int kvHeads = s.kvHeads() == null ? heads : s.kvHeads();
        return new TransformerShape(Flavour.LLAMA, s.width(), s.depth(), heads, kvHeads, s.resolvedHeadDim(),
                s.context(), vocab, ffnWidth(s.ffnMultiple(), s.width(), LLAMA_FFN_MULTIPLE_OF), null, false, s.tied(),
                s.qkNorm(), s.ropeTheta(), s.normEps());
    }

    /** Rounded to an element first, so that 2.6667 · 96 is 256 and not, rounded up from 256.003, 264. */
    private static int ffnWidth(double multiple, int width, int multipleOf) {
        double exact = multiple * width;
        if (!(exact > 0) || exact > Integer.MAX_VALUE - multipleOf) {
            throw new ConfigException(
                    "model: expected a positive ffn_multiple, found " + multiple + " at width " + width);
        }
        return (int) ((Math.round(exact) + multipleOf - 1) / multipleOf * multipleOf);
    }

    private static void positive(String what, int value) {
        if (value <= 0) {
            throw new ConfigException("model: expected a positive " + what + ", found " + value);
        }
    }

    /** Columns of all query heads, H · headDim. */
    public int queryWidth() {
        return heads * headDim;
    }

    /** Columns of all key (or value) heads. */
    public int kvWidth() {
        return kvHeads * headDim;
    }

    /** Columns of the first feed-forward projection: gate and up of SwiGLU, else the hidden width. */
    public int ffnInWidth() {
        return activation == null ? 2 * ffnWidth : ffnWidth;
    }

    /** Columns of the packed projection: queries, keys, values. */
    public int qkvWidth() {
        return queryWidth() + 2 * kvWidth();
    }
}
