package org.windtunnel.nn;

import org.windtunnel.nn.TransformerShape.Flavour;

/** Parameter names of the two flavours. */
final class TransformerNames {
    private final boolean gpt;
    private final boolean swiglu;

    TransformerNames(TransformerShape shape) {
        this.gpt = shape.flavour() == Flavour.GPT;
        this.swiglu = shape.activation() == null;
    }

    String tokens() {
        return gpt ? "transformer.wte.weight" : "embed.weight";
    }

    String positions() {
        return "transformer.wpe.weight";
    }

    /** Prefix of a block's parameters, with the dot. */
    String block(int layer) {
        return gpt ? "transformer.h." + layer + "." : "layers." + layer + ".";
    }

    String attentionNorm(int layer) {
        return block(layer) + (gpt ? "ln_1" : "norm_1");
    }

    String feedForwardNorm(int layer) {
        return block(layer) + (gpt ? "ln_2" : "norm_2");
    }

    String finalNorm() {
        return gpt ? "transformer.ln_f" : "norm_f";
    }

    /** The projections that make up the packed q-k-v matrix, in the order of its rows. */
    String[] qkv(int layer) {
        String b = block(layer);
        return gpt ? new String[] {b + "attn.c_attn"} : new String[] {b + "q_proj", b + "k_proj", b + "v_proj"};
    }

    String queryNorm(int layer) {
        return block(layer) + "q_norm";
    }

    String keyNorm(int layer) {
        return block(layer) + "k_norm";
    }

    String attentionOut(int layer) {
        return block(layer) + (gpt ? "attn.c_proj" : "o_proj");
    }

    /** The projections that make up the first feed-forward matrix, in the order of its rows. */
    String[] feedForwardIn(int layer) {
        String b = block(layer);
        return swiglu ? new String[] {b + "gate_proj", b + "up_proj"} : new String[] {b + "mlp.c_fc"};
    }

    String feedForwardOut(int layer) {
        return block(layer) + (gpt ? "mlp.c_proj" : "down_proj");
    }

    String readout() {
        return "lm_head";
    }

    static String weight(String module) {
        return module + ".weight";
    }

    static String bias(String module) {
        return module + ".bias";
    }

    static String[] weights(String... modules) {
        String[] names = modules.clone();
        for (int i = 0; i < names.length; i++) {
            names[i] = weight(names[i]);
        }
        return names;
    }
}
