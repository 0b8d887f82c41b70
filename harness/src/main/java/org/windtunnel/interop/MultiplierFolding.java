package org.windtunnel.interop;

import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Role;
import org.windtunnel.nn.TransformerShape;
import org.windtunnel.nn.TransformerShape.Flavour;

/**
 * Carries weights of a transformer from one set of forward constants to another, so that it stays the same function.
 *
 * <p>The constant on the embeddings goes into both tables, the one on the branches into the matrices that write into
 * the residual stream, the one on q·k into what makes queries (their norm's gain, where they are normalised), the
 * readout's into its matrix. Where that matrix is the token table, the rest goes into the final norm.
 */
final class MultiplierFolding {
    private final TransformerShape shape;
    private final double embedding;
    private final double attention;
    private final double residual;
    private final double readout;

    /** @param from the constants that the weights were made for @param to those that they will be used with */
    MultiplierFolding(TransformerShape shape, ForwardMultipliers from, ForwardMultipliers to) {
        this.shape = shape;
        this.embedding = from.embedding() / to.embedding();
        this.attention = from.attention() / to.attention();
        this.residual = from.residual() / to.residual();
        this.readout = from.readout() / to.readout();
    }

    /** Whether weights stay as they are, bit for bit. */
    boolean isIdentity() {
        return embedding == 1 && attention == 1 && residual == 1 && readout == 1;
    }

    /** Changes a parameter's values in place. */
    void apply(ParamSpec p, double[] values) {
        boolean packed = shape.flavour() == Flavour.GPT && p.name().contains(".c_attn.");
        boolean query = p.name().endsWith(shape.qkNorm() ? ".q_norm.weight" : ".q_proj.weight");
        if (p.role() == Role.EMBEDDING) {
            scale(values, values.length, embedding);
        } else if (p.role() == Role.READOUT) {
            scale(values, values.length, readout);
        } else if (p.residual()) {
            scale(values, values.length, residual);
        } else if (packed || query) {
            // The rows of a packed matrix are queries, keys, values.
            scale(values, packed ? values.length / shape.qkvWidth() * shape.queryWidth() : values.length, attention);
        } else if (shape.tied() && p.layer() < 0) {
            scale(values, values.length, readout / embedding);
        }
    }

    private static void scale(double[] values, int count, double by) {
        if (by != 1) {
            for (int i = 0; i < count; i++) {
                values[i] *= by;
            }
        }
    }
}
