package org.windtunnel.scaling;

import java.util.List;
import java.util.regex.Pattern;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.ParameterizationSpec;
import org.windtunnel.config.ParameterizationSpec.DecayRule;
import org.windtunnel.config.UpdateRule;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Role;

/**
 * The rules of muP in the form of Tensor Programs V (arXiv 2203.03466), table 8, as microsoft/mup implements them:
 * relative to a base width, the readout's input divided by the width multiplier.
 *
 * <p>With width multipliers m_in and m_out of a parameter's own axes: hidden matrices have Adam rate 1/m_in and SGD rate
 * m_out/m_in; everything else has Adam rate 1 and SGD rate m, the multiplier of its one width axis. A hidden matrix with
 * only one width axis follows the same formula, which then is table 3's for input or output weights.
 */
final class MaximalUpdate {
    private static final Pattern QUERY = Pattern.compile("(.*[._])?(q|wq|q_proj|query)(\\.weight)?");
    private static final Pattern PACKED = Pattern.compile("(.*[._])?(c_attn|qkv|qkv_proj)(\\.weight)?");

    private final ParameterizationSpec.MuP spec;
    private final OptimizerSpec optimizer;
    private final DepthRule depth;
    private final double modelWidth;

    /** @param modelWidth width multiplier of the model, which epsilon follows */
    MaximalUpdate(ParameterizationSpec.MuP spec, OptimizerSpec optimizer, DepthRule depth, double modelWidth) {
        this.spec = spec;
        this.optimizer = optimizer;
        this.depth = depth;
        this.modelWidth = modelWidth;
        Parameterizations.requireNonNegative("embedding_std", spec.embeddingStd());
        Parameterizations.requireNonNegative("hidden_gain", spec.hiddenGain());
        Parameterizations.requireNonNegative("readout_gain", spec.readoutGain());
        Parameterizations.requireNonNegative("embedding_mult", spec.embeddingMult());
        Parameterizations.requireNonNegative("output_mult", spec.outputMult());
        boolean forAdam = spec.decayRule() == DecayRule.SQRT || spec.decayRule() == DecayRule.INDEPENDENT;
        if (forAdam && optimizer.rules().contains(UpdateRule.SGD)) {
            throw new ConfigException("parameterization: decay_rule sqrt and independent are defined for decoupled decay "
                    + "(AdamW), found SGD with coupled decay; use mup_linear or fixed");
        }
        if (spec.decayRule() == DecayRule.INVERSE && optimizer.rule() != UpdateRule.MUON) {
            throw new ConfigException("parameterization: decay_rule inverse is published for muon, whose rates do not follow "
                    + "width, found " + Assignment.name(optimizer.rule()) + "; use another rule");
        }
    }

    ParamScaling row(ParamSpec p, ParamSpec base, UpdateRule rule) {
        WidthMultipliers m = WidthMultipliers.of(p, base);
        boolean hidden = p.role() == Role.HIDDEN || p.role() == Role.STEM;
        double width = hidden ? 0 : vectorMultiplier(p, base, m);
        double widthLr = hidden ? hiddenRate(p, base, rule, m) : vectorRate(rule, width);
        boolean inBlock = p.layer() >= 0;
        double lr = widthLr * (inBlock ? depth.rate(rule) : 1);
        double std =
                switch (p.role()) {
                    case EMBEDDING -> spec.embeddingStd();
                    case HIDDEN, STEM -> spec.hiddenGain() / Math.sqrt(p.fanIn());
                    case READOUT -> spec.readoutGain() / Math.sqrt(base.fanIn());
                    case NORM_GAIN, BIAS -> 0;
                };
        double decay = optimizer.decayed(rule).covers(p.shape().length) ? decay(p, rule, widthLr, lr, m) : 0;
        int zeroRows = spec.queryZeroInit() ? queryRows(p) : 0;
        double eps = depth.epsilon(inBlock, modelWidth);
        return new ParamScaling(std, Parameterizations.initMean(p.role()), lr, decay, eps, false, zeroRows);
    }

    /** Spectral condition: the update of a matrix is as large, seen as an operator, as sqrt(out/in). */
    private double hiddenRate(ParamSpec p, ParamSpec base, UpdateRule rule, WidthMultipliers m) {
        return switch (rule) {
            case ADAMW, APOLLO -> 1 / m.in();
            case SGD -> m.out() / m.in();
            case SGD_SAI -> m.out() / m.in() / Math.sqrt(m.in() * m.out()) * largestGain();
            case MUON -> Math.sqrt(m.out() / m.in()) * optimizer.directionScale(base.shape())
                    / optimizer.directionScale(p.shape());
            // A step relative to the norm sqrt(out) of the weights; Muon's is spread over all singular values.
            case MUONH -> 1;
            case ADAMH -> 1 / Math.sqrt(m.in());
        };
    }

    private double vectorRate(UpdateRule rule, double width) {
        return switch (rule) {
            case SGD -> width;
            case SGD_SAI -> Math.sqrt(width) * largestGain();
            case ADAMW, APOLLO, MUON, MUONH, ADAMH -> 1;
        };
    }

    /** SGD-SaI's gain grows as the square root of a tensor's elements; some variants divide it by the largest. */
    private double largestGain() {
        return optimizer instanceof OptimizerSpec.SgdSai sai && sai.gain() == OptimizerSpec.SgdSai.Gain.MAX_NORMALISED
                ? modelWidth
                : 1;
    }

    ForwardMultipliers forward(List<ParamSpec> specs, List<ParamSpec> bases, int headDim, int baseHeadDim) {
        double attention = Math.sqrt(baseHeadDim) / headDim;
        return new ForwardMultipliers(
                spec.embeddingMult(), attention, depth.branch(), spec.outputMult() / readoutMultiplier(specs, bases));
    }

    /** Leading rows that make queries: all of a query projection, a third of a packed one, else none. */
    private static int queryRows(ParamSpec p) {
        if (p.role() != Role.HIDDEN) {
            return 0;
        }
        int rows = p.shape()[0];
        return QUERY.matcher(p.name()).matches() ? rows : PACKED.matcher(p.name()).matches() ? rows / 3 : 0;
    }

    /** Width multiplier of the readout's input; a tied readout is the token table. */
    static double readoutMultiplier(List<ParamSpec> specs, List<ParamSpec> bases) {
        double tied = 1;
        for (int i = 0; i < specs.size(); i++) {
            Role role = specs.get(i).role();
            if (role == Role.READOUT) {
                return WidthMultipliers.of(specs.get(i), bases.get(i)).in();
            }
            if (role == Role.EMBEDDING) {
                tied = WidthMultipliers.of(specs.get(i), bases.get(i)).in();
            }
        }
        return tied;
    }

    /** The multiplier of the one width axis of a table, a readout, a gain or a bias. */
    private static double vectorMultiplier(ParamSpec p, ParamSpec base, WidthMultipliers m) {
        if (p.shape().length == 1) {
            return m.out();
        }
        if (m.out() != 1) {
            throw new ConfigException("parameterization: expected " + p + " and the base model's " + base
                    + " to have as many rows (vocabulary, positions or classes)");
        }
        return m.in();
    }

    /** The rule keeps ηλ over width only: CompleteP's code leaves λ alone where depth lowers the rate. */
    private double decay(ParamSpec p, UpdateRule rule, double widthLr, double lr, WidthMultipliers m) {
        boolean hidden = p.role() == Role.HIDDEN || p.role() == Role.STEM;
        return switch (spec.decayRule()) {
            case FIXED -> 1;
            case MUP_LINEAR -> 1 / widthLr;
            case SQRT -> hidden ? Math.sqrt(m.in()) : 0;
            case INVERSE -> rule == UpdateRule.MUON && hidden ? 1 / m.in() : 1;
            case INDEPENDENT -> 1 / (PeakRates.positive(optimizer, rule, p) * lr);
        };
    }
}
