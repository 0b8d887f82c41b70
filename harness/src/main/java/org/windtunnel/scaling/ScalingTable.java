package org.windtunnel.scaling;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.ParamSpec;

/**
 * A parameterization applied to one model: one row per parameter, and the forward constants.
 *
 * @param specs the declared parameters
 * @param rows what was decided for each, in the same order
 * @param forward the constants of the forward pass
 */
public record ScalingTable(List<ParamSpec> specs, List<ParamScaling> rows, ForwardMultipliers forward) {
    /** Headings of {@link #cells}. */
    public static final List<String> HEADER =
            List.of("parameter", "role", "shape", "fan in", "init", "lr x", "decay x", "eps x");

    public ScalingTable {
        if (specs.size() != rows.size()) {
            throw new IllegalArgumentException(specs.size() + " parameters, " + rows.size() + " rows");
        }
        specs = List.copyOf(specs);
        rows = List.copyOf(rows);
    }

    /** The table as text, one row per parameter under {@link #HEADER}. */
    public List<List<String>> cells() {
        List<List<String>> out = new ArrayList<>();
        for (int i = 0; i < specs.size(); i++) {
            ParamSpec p = specs.get(i);
            ParamScaling s = rows.get(i);
            List<String> shape = new ArrayList<>();
            for (int d : p.shape()) {
                shape.add(Integer.toString(d));
            }
            out.add(List.of(
                    p.name(),
                    p.role().name().toLowerCase(Locale.ROOT),
                    String.join(" x ", shape),
                    Integer.toString(p.fanIn()),
                    s.initStd() == 0 ? number(s.initMean()) : "N(" + number(s.initMean()) + ", " + number(s.initStd()) + ")",
                    number(s.lrMult()),
                    number(s.wdMult()),
                    number(s.epsMult())));
        }
        return out;
    }

    /** The forward constants as (name, value), in the order of the forward pass. */
    public List<List<String>> forwardCells() {
        return List.of(
                List.of("embeddings x", number(forward.embedding())),
                List.of("attention logits x", number(forward.attention())),
                List.of("residual branches x", number(forward.residual())),
                List.of("readout input x", number(forward.readout())));
    }

    /** Four significant digits, without trailing zeros. */
    private static String number(double x) {
        java.math.BigDecimal rounded =
                new java.math.BigDecimal(x).round(new java.math.MathContext(4)).stripTrailingZeros();
        double size = Math.abs(x);
        return size != 0 && (size < 1e-3 || size >= 1e5) ? String.format(Locale.ROOT, "%.3e", x) : rounded.toPlainString();
    }
}
