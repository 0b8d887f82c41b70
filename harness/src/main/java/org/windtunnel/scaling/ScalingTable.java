package org.windtunnel.scaling;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.UpdateRule;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.Initializer;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Parameters;
import org.windtunnel.tensor.Tensor;

/**
 * A parameterization applied to one model: one row per parameter, and the forward constants.
 *
 * @param specs the declared parameters
 * @param rules how each is updated, in the same order
 * @param rows what was decided for each, in the same order
 * @param forward the constants of the forward pass
 */
public record ScalingTable(
        List<ParamSpec> specs, List<UpdateRule> rules, List<ParamScaling> rows, ForwardMultipliers forward) {
    /** Headings of {@link #cells}. */
    public static final List<String> HEADER =
            List.of("parameter", "role", "rule", "shape", "fan in", "init", "lr x", "peak lr", "decay x", "eps x");

    public ScalingTable {
        if (specs.size() != rows.size() || specs.size() != rules.size()) {
            throw new IllegalArgumentException(
                    specs.size() + " parameters, " + rules.size() + " rules, " + rows.size() + " rows");
        }
        specs = List.copyOf(specs);
        rules = List.copyOf(rules);
        rows = List.copyOf(rows);
    }

    /**
     * Draws the initial weights of a model.
     *
     * @param parameters of the declaration that this table is for
     * @throws IllegalArgumentException if they were declared differently
     */
    public void initialize(Parameters parameters, long seed) {
        if (!parameters.specs().stream().map(ParamSpec::name).toList()
                .equals(specs.stream().map(ParamSpec::name).toList())) {
            throw new IllegalArgumentException("the scaling table is for other parameters: " + specs);
        }
        Initializer.fill(
                parameters,
                rows.stream().mapToDouble(ParamScaling::initMean).toArray(),
                rows.stream().mapToDouble(ParamScaling::initStd).toArray(),
                uniform(),
                seed);
        for (int i = 0; i < rows.size(); i++) {
            if (rows.get(i).zeroRows() > 0) {
                Tensor weight = parameters.weight(specs.get(i).name());
                long count = weight.size() / weight.dim(0) * rows.get(i).zeroRows();
                weight.slice(0, Math.toIntExact(count)).set(new double[(int) count]);
            }
        }
    }

    private boolean[] uniform() {
        boolean[] uniform = new boolean[rows.size()];
        for (int i = 0; i < uniform.length; i++) {
            uniform[i] = rows.get(i).uniform();
        }
        return uniform;
    }

    /** The table as text, one row per parameter under {@link #HEADER}, with the peak rates of an optimizer. */
    public List<List<String>> cells(OptimizerSpec optimizer) {
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
                    Assignment.name(rules.get(i)),
                    String.join(" x ", shape),
                    Integer.toString(p.fanIn()),
                    init(p, s),
                    number(s.lrMult()),
                    number(PeakRates.of(optimizer, rules.get(i), p.role()) * s.lrMult()),
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

    /** The distribution, and how many leading rows start at zero instead. */
    private static String init(ParamSpec p, ParamScaling s) {
        if (s.initStd() == 0 || s.zeroRows() == p.shape()[0]) {
            return number(s.initMean());
        }
        String drawn = (s.uniform() ? "U(" : "N(") + number(s.initMean()) + ", " + number(s.initStd()) + ")";
        return s.zeroRows() == 0 ? drawn : drawn + ", first " + s.zeroRows() + " rows 0";
    }

    /** Four significant digits, without trailing zeros. */
    private static String number(double x) {
        double size = Math.abs(x);
        if (size != 0 && (size < 1e-3 || size >= 1e5)) {
            return String.format(Locale.ROOT, "%.3e", x);
        }
        return new BigDecimal(x).round(new MathContext(4)).stripTrailingZeros().toPlainString();
    }
}
