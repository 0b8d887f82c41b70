package org.windtunnel.scaling;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.windtunnel.config.ConfigException;
import org.windtunnel.config.OptimizerSpec;
import org.windtunnel.config.ParameterizationSpec;
import org.windtunnel.config.UpdateRule;
import org.windtunnel.nn.ForwardMultipliers;
import org.windtunnel.nn.ParamSpec;
import org.windtunnel.nn.Role;

/** Applies a parameterization to the declared parameters of a model. */
public final class Parameterizations {
    private Parameterizations() {}

    /**
     * Decides initialisation, learning rate, decay and forward constants of every parameter.
     *
     * @param specs the model's parameters
     * @param baseSpecs those of the same model, as deep, at the base width, paired by name; SP does not read them
     * @param headDim elements per attention head
     * @param baseHeadDim the same at the base width; SP does not read it
     * @param depth number of blocks
     * @throws ConfigException if a setting is out of range, or the base model differs in more than width
     */
    public static ScalingTable resolve(
            ParameterizationSpec parameterization,
            OptimizerSpec optimizer,
            List<ParamSpec> specs,
            List<ParamSpec> baseSpecs,
            int headDim,
            int baseHeadDim,
            int depth) {
        return resolve(parameterization, optimizer, specs, baseSpecs, headDim, baseHeadDim, depth, Double.NaN, Double.NaN);
    }

    /**
     * As above, for parameterizations that ask for the size of the run as well.
     *
     * @param tokens budget
     * @param batchTokens tokens a step
     */
    public static ScalingTable resolve(
            ParameterizationSpec parameterization,
            OptimizerSpec optimizer,
            List<ParamSpec> specs,
            List<ParamSpec> baseSpecs,
            int headDim,
            int baseHeadDim,
            int depth,
            double tokens,
            double batchTokens) {
        Compatibility.require(parameterization, optimizer);
        List<UpdateRule> assigned = Assignment.of(optimizer, specs);
        ScalingTable table;
        if (parameterization instanceof ParameterizationSpec.Sp sp) {
            table = standard(sp, optimizer, specs, assigned, headDim, depth);
        } else if (parameterization instanceof ParameterizationSpec.SpFullAlign spec) {
            table = fullAlign(spec, optimizer, specs, paired(specs, baseSpecs), assigned, headDim, depth);
        } else if (parameterization instanceof ParameterizationSpec.DepthScaled spec) {
            table = new ArchScaleRules(spec, optimizer, headDim, depth, tokens, batchTokens).table(specs, assigned);
        } else {
            table = maximalUpdate(parameterization, optimizer, specs, baseSpecs, assigned, headDim, baseHeadDim, depth);
        }
        requireNorms(table);
        return table;
    }

    /** A matrix of norm zero can never leave it on the sphere. */
    private static void requireNorms(ScalingTable table) {
        for (int i = 0; i < table.rows().size(); i++) {
            UpdateRule rule = table.rules().get(i);
            boolean sphere = rule == UpdateRule.MUONH || rule == UpdateRule.ADAMH;
            if (sphere && (table.rows().get(i).initStd() == 0 || table.rows().get(i).zeroRows() > 0)) {
                throw new ConfigException("parameterization: expected " + table.specs().get(i) + " to start above zero, for "
                        + Assignment.name(rule) + " keeps its norm; raise readout_gain or hidden_gain, leave query_zero_init "
                        + "out, or assign it another rule");
            }
        }
    }

    private static ScalingTable fullAlign(
            ParameterizationSpec.SpFullAlign spec,
            OptimizerSpec optimizer,
            List<ParamSpec> specs,
            List<ParamSpec> bases,
            List<UpdateRule> assigned,
            int headDim,
            int depth) {
        ParameterizationSpec.Sp sp = new ParameterizationSpec.Sp(
                spec.embeddingStd(), spec.hiddenGain(), spec.readoutGain(), false);
        ScalingTable standard = standard(sp, optimizer, specs, assigned, headDim, depth);
        List<ParamScaling> rows = new ArrayList<>();
        for (int i = 0; i < specs.size(); i++) {
            ParamScaling row = standard.rows().get(i);
            Role role = specs.get(i).role();
            boolean falls = role == Role.HIDDEN || role == Role.STEM || role == Role.READOUT;
            double lr = falls ? 1 / WidthMultipliers.of(specs.get(i), bases.get(i)).in() : 1;
            rows.add(new ParamScaling(row.initStd(), row.initMean(), lr, row.wdMult(), 1));
        }
        return new ScalingTable(specs, assigned, rows, standard.forward());
    }

    private static ScalingTable maximalUpdate(
            ParameterizationSpec parameterization,
            OptimizerSpec optimizer,
            List<ParamSpec> specs,
            List<ParamSpec> baseSpecs,
            List<UpdateRule> assigned,
            int headDim,
            int baseHeadDim,
            int depth) {
        List<ParamSpec> bases = paired(specs, baseSpecs);
        ParameterizationSpec.MuP spec = overWidth(parameterization);
        MaximalUpdate rules = new MaximalUpdate(
                spec, optimizer, overDepth(parameterization, depth), MaximalUpdate.readoutMultiplier(specs, bases));
        List<ParamScaling> rows = new ArrayList<>();
        for (int i = 0; i < specs.size(); i++) {
            rows.add(rules.row(specs.get(i), bases.get(i), assigned.get(i)));
        }
        if (spec.queryZeroInit() && rows.stream().noneMatch(row -> row.zeroRows() > 0)) {
            throw new ConfigException("parameterization: query_zero_init found no query projection among the parameters; "
                    + "expected one named q, wq, q_proj, query, c_attn or qkv; leave the key out for this model");
        }
        return new ScalingTable(specs, assigned, rows, rules.forward(specs, bases, headDim, baseHeadDim));
    }

    private static ParameterizationSpec.MuP overWidth(ParameterizationSpec parameterization) {
        if (parameterization instanceof ParameterizationSpec.DepthMuP spec) {
            return spec.width();
        }
        if (parameterization instanceof ParameterizationSpec.CompleteP spec) {
            return spec.width();
        }
        return (ParameterizationSpec.MuP) parameterization;
    }

    private static DepthRule overDepth(ParameterizationSpec parameterization, int depth) {
        double multiplier = (double) depth / parameterization.baseDepth(depth);
        if (parameterization instanceof ParameterizationSpec.DepthMuP spec) {
            return new DepthRule(multiplier, 0.5, spec.residualMult(), spec.epsScaling());
        }
        if (parameterization instanceof ParameterizationSpec.CompleteP spec) {
            return new DepthRule(multiplier, spec.alpha(), spec.residualMult(), spec.epsScaling());
        }
        return DepthRule.NONE;
    }

    private static ScalingTable standard(
            ParameterizationSpec.Sp sp,
            OptimizerSpec optimizer,
            List<ParamSpec> specs,
            List<UpdateRule> assigned,
            int headDim,
            int depth) {
        requireNonNegative("embedding_std", sp.embeddingStd());
        requireNonNegative("hidden_gain", sp.hiddenGain());
        requireNonNegative("readout_gain", sp.readoutGain());
        List<ParamScaling> rows = new ArrayList<>();
        for (int i = 0; i < specs.size(); i++) {
            ParamSpec p = specs.get(i);
            double std =
                    switch (p.role()) {
                        case EMBEDDING -> sp.embeddingStd();
                        case HIDDEN, STEM -> sp.hiddenGain() / Math.sqrt(p.fanIn());
                        case READOUT -> sp.readoutGain() / Math.sqrt(p.fanIn());
                        case NORM_GAIN, BIAS -> 0;
                    };
            if (sp.residualInitScaling() && p.residual()) {
                std /= Math.sqrt(2.0 * depth);
            }
            double decay = optimizer.decayed(assigned.get(i)).covers(p.shape().length) ? 1 : 0;
            rows.add(new ParamScaling(std, initMean(p.role()), 1, decay, 1));
        }
        return new ScalingTable(specs, assigned, rows, ForwardMultipliers.standard(headDim));
    }

    static double initMean(Role role) {
        return role == Role.NORM_GAIN ? 1 : 0;
    }

    static void requireNonNegative(String key, double value) {
        if (!(value >= 0) || Double.isInfinite(value)) {
            throw new ConfigException("parameterization: expected " + key + " >= 0, found " + value);
        }
    }

    private static List<ParamSpec> paired(List<ParamSpec> specs, List<ParamSpec> baseSpecs) {
        Map<String, ParamSpec> byName = new LinkedHashMap<>();
        baseSpecs.forEach(p -> byName.put(p.name(), p));
        List<ParamSpec> bases = new ArrayList<>();
        for (ParamSpec p : specs) {
            ParamSpec base = byName.remove(p.name());
            if (base == null || base.role() != p.role()) {
                throw new ConfigException("parameterization: expected the base model to declare " + p + " as "
                        + p.role() + ", found " + (base == null ? "no such parameter" : "it as " + base.role()));
            }
            bases.add(base);
        }
        if (!byName.isEmpty()) {
            throw new ConfigException("parameterization: the base model declares parameters that this model has not: "
                    + byName.keySet());
        }
        return bases;
    }
}
