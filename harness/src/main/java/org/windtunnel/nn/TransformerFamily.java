package org.windtunnel.nn;

import java.util.ArrayList;
import java.util.List;
import org.windtunnel.nn.TransformerShape.Flavour;

/**
 * Declares the parameters of a transformer under the names of its PyTorch reference: nanoGPT's state dict for GPT, the
 * projections of LLaMA for the other.
 *
 * <p>q, k, v and gate, up of LLaMA are neighbours, so each group is one matrix for gemm.
 */
public final class TransformerFamily {
    private TransformerFamily() {}

    /** The parameters in the order in which they lie in memory. */
    public static List<ParamSpec> declare(TransformerShape shape) {
        List<ParamSpec> out = new ArrayList<>();
        Names names = Names.of(shape.flavour());
        int d = shape.width();
        out.add(new ParamSpec(names.tokens(), Role.EMBEDDING, new int[] {shape.vocab(), d}, shape.vocab(), d, -1, false));
        if (shape.flavour() == Flavour.GPT) {
            int t = shape.context();
            out.add(new ParamSpec(Names.POSITIONS, Role.EMBEDDING, new int[] {t, d}, t, d, -1, false));
        }
        for (int layer = 0; layer < shape.depth(); layer++) {
            block(out, shape, names, layer);
        }
        norm(out, names.finalNorm(), d, -1, shape.bias());
        if (!shape.tied()) {
            out.add(new ParamSpec(Names.READOUT, Role.READOUT, new int[] {shape.vocab(), d}, d, shape.vocab(), -1, false));
        }
        return List.copyOf(out);
    }

    private static void block(List<ParamSpec> out, TransformerShape s, Names names, int layer) {
        int d = s.width();
        String in = names.block(layer);
        norm(out, in + names.norm1(), d, layer, s.bias());
        if (s.flavour() == Flavour.GPT) {
            linear(out, in + "attn.c_attn", d, s.qkvWidth(), layer, s.bias(), false);
            linear(out, in + "attn.c_proj", s.queryWidth(), d, layer, s.bias(), true);
            norm(out, in + names.norm2(), d, layer, s.bias());
            linear(out, in + "mlp.c_fc", d, s.ffnWidth(), layer, s.bias(), false);
            linear(out, in + "mlp.c_proj", s.ffnWidth(), d, layer, s.bias(), true);
            return;
        }
        linear(out, in + "q_proj", d, s.queryWidth(), layer, false, false);
        linear(out, in + "k_proj", d, s.kvWidth(), layer, false, false);
        linear(out, in + "v_proj", d, s.kvWidth(), layer, false, false);
        linear(out, in + "o_proj", s.queryWidth(), d, layer, false, true);
        if (s.qkNorm()) {
            norm(out, in + "q_norm", s.headDim(), layer, false);
            norm(out, in + "k_norm", s.headDim(), layer, false);
        }
        norm(out, in + names.norm2(), d, layer, false);
        linear(out, in + "gate_proj", d, s.ffnWidth(), layer, false, false);
        linear(out, in + "up_proj", d, s.ffnWidth(), layer, false, false);
        linear(out, in + "down_proj", s.ffnWidth(), d, layer, false, true);
    }

    private static void linear(
            List<ParamSpec> out, String name, int from, int to, int layer, boolean bias, boolean residual) {
        out.add(new ParamSpec(name + ".weight", Role.HIDDEN, new int[] {to, from}, from, to, layer, residual));
        if (bias) {
            out.add(new ParamSpec(name + ".bias", Role.BIAS, new int[] {to}, from, to, layer, residual));
        }
    }

    private static void norm(List<ParamSpec> out, String name, int width, int layer, boolean bias) {
        out.add(new ParamSpec(name + ".weight", Role.NORM_GAIN, new int[] {width}, width, width, layer, false));
        if (bias) {
            out.add(new ParamSpec(name + ".bias", Role.BIAS, new int[] {width}, width, width, layer, false));
        }
    }

    /** Where the two flavours name the same thing differently. */
    record Names(String tokens, String blocks, String norm1, String norm2, String finalNorm) {
        static final String POSITIONS = "transformer.wpe.weight";
        static final String READOUT = "lm_head.weight";

        static Names of(Flavour flavour) {
            return flavour == Flavour.GPT
                    ? new Names("transformer.wte.weight", "transformer.h.", "ln_1", "ln_2", "transformer.ln_f")
                    : new Names("embed.weight", "layers.", "norm_1", "norm_2", "norm_f");
        }

        /** Prefix of a block's parameters, with the dot. */
        String block(int layer) {
            return blocks + layer + ".";
        }
    }
}
