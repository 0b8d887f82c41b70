package org.windtunnel.scaling;

import java.util.ArrayList;
import java.util.List;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.MuonScale;
import org.windtunnel.config.MuonSpec;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.ParameterizationSpec.DecayRule;
import org.windtunnel.config.ParameterizationSpec.DecayScope;
import org.windtunnel.config.ParameterizationSpec.DepthScaled;
import org.windtunnel.config.ParameterizationSpec.HyperP;
import org.windtunnel.config.ParameterizationSpec.MuPPlusPlus;
import org.windtunnel.config.ParameterizationSpec.Reading;
import org.windtunnel.config.UpdateRule;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Role;

/**
 * muP++ and HyperP (arXiv 2603.28743) as microsoft/ArchScale has them. With d0 the base depth and L the depth: every rate
 * times sqrt(B/B0) sqrt(d0/L), branches times 1/sqrt(2L), attention sqrt(d_head0)/d_head, hidden matrices uniform within
 * 1/sqrt(fan_in). muP++ divides logits by L/d0, which stands for the width multiplier, and so the rates of hidden
 * matrices under Adam, their decay under Muon; HyperP multiplies rates by (T/T0)^-0.32 instead and has no decay.
 */
final class ArchScaleRules {
    private final DepthScaled spec;
    private final OptimizerSpec optimizer;
    private final int headDim;
    private final int depth;
    private final double common;
    private final double budget;

    ArchScaleRules(DepthScaled spec, OptimizerSpec optimizer, int headDim, int depth, double tokens, double batchTokens) {
        Parameterizations.requireNonNegative("embedding_std", spec.embeddingStd());
        Parameterizations.requireNonNegative("readout_std", spec.readoutStd());
        this.spec = spec;
        this.optimizer = optimizer;
        this.headDim = headDim;
        this.depth = depth;
        double batch = ratio("base_batch_tokens", batchTokens, spec.baseBatchTokens());
        this.common = Math.pow(batch, spec.batchExponent()) * Math.sqrt((double) spec.baseDepth() / depth);
        this.budget = spec instanceof HyperP h
                ? Math.pow(ratio("base_tokens", tokens, h.baseTokens()), -h.tokenExponent())
                : 1;
    }

    private static double ratio(String key, double own, Long base) {
        if (base != null && Double.isNaN(own)) {
            throw new ConfigException("parameterization: " + key + " needs a run with a budget; leave it out here");
        }
        return base == null ? 1 : own / base;
    }

    ScalingTable table(List<ParamSpec> specs, List<UpdateRule> rules) {
        List<ParamScaling> rows = new ArrayList<>();
        boolean tied = specs.stream().noneMatch(p -> p.role() == Role.READOUT);
        for (int i = 0; i < specs.size(); i++) {
            ParamSpec p = specs.get(i);
            boolean hidden = p.role() == Role.HIDDEN || p.role() == Role.STEM;
            double std =
                    switch (p.role()) {
                        case EMBEDDING -> tied ? spec.readoutStd() : spec.embeddingStd();
                        case HIDDEN, STEM -> 1 / Math.sqrt(3.0 * p.fanIn());
                        case READOUT -> spec.readoutStd();
                        case NORM_GAIN, BIAS -> 0;
                    };
            boolean decays = optimizer.decayed(rules.get(i)).covers(p.shape().length);
            double rate = rate(hidden, rules.get(i));
            double decay = decays ? decay(hidden, p, rules.get(i), rate) : 0;
            rows.add(new ParamScaling(std, Parameterizations.initMean(p.role()), rate, decay, 1, hidden, 0));
        }
        double depthRatio = (double) spec.baseDepth() / depth;
        double attention = Math.sqrt(spec.baseHeadDim() == null ? headDim : spec.baseHeadDim()) / headDim;
        return new ScalingTable(specs, rules, rows, new ForwardMultipliers(
                1, attention, 1 / Math.sqrt(2.0 * depth), spec instanceof MuPPlusPlus ? depthRatio : 1));
    }

    private double rate(boolean hidden, UpdateRule rule) {
        if (spec instanceof MuPPlusPlus) {
            return common * (hidden ? overWidth(rule) : 1);
        }
        return common * (hidden || ((HyperP) spec).reading() == Reading.CODE ? budget : 1);
    }

    /** Muon's step has the operator norm sqrt(out/in) at any width, unless its scale is sqrt(max(out, in)). */
    private double overWidth(UpdateRule rule) {
        double inverse = (double) spec.baseDepth() / depth;
        if (rule != UpdateRule.MUON) {
            return inverse;
        }
        return ((MuonSpec) optimizer).scale() == MuonScale.RMS_NORM ? Math.sqrt(inverse) : 1;
    }

    private double decay(boolean hidden, ParamSpec p, UpdateRule rule, double rate) {
        if (!(spec instanceof MuPPlusPlus m) || !hidden && m.decayScope() == DecayScope.HIDDEN) {
            return 0;
        }
        double decay = hidden && rule == UpdateRule.MUON ? (double) spec.baseDepth() / depth : 1;
        return m.decayRule() == DecayRule.FIXED ? decay : decay / (PeakRates.positive(optimizer, rule, p) * rate);
    }
}
