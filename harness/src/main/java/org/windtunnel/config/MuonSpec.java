package org.windtunnel.config;

import java.util.Arrays;
import java.util.Map;
import org.windtunnel.config.OptimizerSpec.Decayed;
import org.windtunnel.config.OptimizerSpec.EpsPlacement;

/** Muon in its published variants. */
@Variant(value = "muon", doc = "Muon: orthogonalised momentum on hidden matrices, AdamW or SGD elsewhere")
public record MuonSpec(
        @Key("Peak learning rate; published 0.02 (keller_jordan), as AdamW's with rms_norm (Moonlight)") @Range(min = 0)
                double lr,
        @Key(value = "Momentum", def = "0.95") double momentum,
        @Key(value = "Momentum of the first step if it warms up, and that it cools down to (modded-nanogpt: 0.85)",
                        def = "0.85", later = true)
                double momentumStart,
        @Key(value = "Steps over which the momentum rises linearly to its value; 0 for none (modded-nanogpt: 300)",
                        def = "0", unit = "steps", later = true)
                @Range(min = 0)
                int momentumWarmup,
        @Key(value = "Last steps, over which the momentum falls linearly towards momentum_start; 0 for none "
                        + "(modded-nanogpt: 50)", def = "0", unit = "steps", later = true)
                @Range(min = 0)
                int momentumCooldown,
        @Key(value = "ema: b = mu b + (1 - mu) g (Keller Jordan); sum: b = mu b + g (Moonlight, ArchScale, airbench)",
                        def = "ema")
                MomentumForm momentumForm,
        @Key(value = "Nesterov momentum", def = "true") boolean nesterov,
        @Key(
                        value = "Factor on the orthogonal direction: clip_norm sqrt(max(1, rows/columns)) (Keller Jordan); rms_norm "
                                + "0.2 sqrt(max(rows, columns)) (Moonlight); spectral_norm sqrt(rows/columns) (ArchScale); none",
                        def = "clip_norm")
                MuonScale scale,
        @Key(
                        value = "Rows and columns of a filter's scale: flat as of [out, in k k]; kernel as of [k, k] "
                                + "(Keller Jordan's code)",
                        def = "flat")
                FilterScale filterScale,
        @Key(value = "Newton-Schulz iterations", def = "5") @Range(min = 1) int steps,
        @Key(value = "Coefficients of Newton-Schulz: keller_jordan, dion (ArchScale) or polar_express", def = "keller_jordan")
                NewtonSchulzCoefficients coefficients,
        @Key(value = "Added to the norm before Newton-Schulz; polar_express brings its own", def = "1e-7") double eps,
        @Key(value = "Decoupled weight decay", def = "0") double weightDecay,
        @Key(value = "Decay only entries that the update moves towards zero", def = "false") boolean cautiousDecay,
        @Key(value = "Scale each matrix to the norm sqrt(rows) before a step (airbench)", def = "false") boolean normalize,
        @Key(value = "AdamW of all other parameters", def = "{}") Auxiliary adamw,
        @Key(value = "Rules by name pattern (a regular expression on whole names), such as {lm_head.*: muon}", def = "{}")
                Map<String, UpdateRule> assign,
        @Key(value = "SGD of all other parameters, in place of adamw (airbench)", def = Key.NONE, later = true)
                AuxiliarySgd sgd)
        implements OptimizerSpec {
    /** @throws ConfigException if both auxiliary optimizers are configured */
    public MuonSpec {
        if (sgd != null && !adamw.equals(Auxiliary.DEFAULT)) {
            throw ConfigException.of("sgd", "optimizer: expected adamw or sgd for what muon does not update, found "
                    + "settings of both; leave one of the sections out");
        }
    }

    /** With an auxiliary AdamW, and without a cool-down of the momentum. */
    public MuonSpec(
            double lr, double momentum, double momentumStart, int momentumWarmup, MomentumForm momentumForm,
            boolean nesterov, MuonScale scale, FilterScale filterScale, int steps,
            NewtonSchulzCoefficients coefficients, double eps, double weightDecay, boolean cautiousDecay,
            boolean normalize, Auxiliary adamw, Map<String, UpdateRule> assign) {
        this(lr, momentum, momentumStart, momentumWarmup, 0, momentumForm, nesterov, scale, filterScale, steps,
                coefficients, eps, weightDecay, cautiousDecay, normalize, adamw, assign, null);
    }

    @Override
    public UpdateRule rule() {
        return UpdateRule.MUON;
    }

    @Override
    public Decayed decayed() {
        return Decayed.MATRICES;
    }

    /**
     * Momentum at a step, full from step {@code momentumWarmup + 1} on and again lower in the last
     * {@code momentumCooldown - 1} steps, as modded-nanogpt counts: the last one is a step short of momentumStart.
     *
     * @param step 1 for the first
     * @param steps of the run; {@link Long#MAX_VALUE} where it has no end
     */
    public double momentum(long step, long steps) {
        long done = step - 1;
        if (done < momentumWarmup) {
            return momentumStart + (double) done / momentumWarmup * (momentum - momentumStart);
        }
        long cooled = Math.min(momentumCooldown, done - (steps - momentumCooldown));
        return cooled <= 0 ? momentum : momentum - (double) cooled / momentumCooldown * (momentum - momentumStart);
    }

    @Override
    public double directionScale(int[] shape) {
        int rows = shape[0];
        int axes = shape.length;
        if (filterScale == FilterScale.KERNEL && axes > 2) {
            return scale.of(shape[axes - 2], shape[axes - 1]);
        }
        return scale.of(rows, Arrays.stream(shape).skip(1).reduce(1, Math::multiplyExact));
    }

    @Override
    public OptimizerSpec auxiliary() {
        return sgd != null ? sgd.resolve(lr) : adamw.resolve(lr, weightDecay, 0.9, 0.95, 1e-10, EpsPlacement.AFTER);
    }

    /** Which axes of a convolution filter its scale is taken from. */
    public enum FilterScale {
        FLAT,
        KERNEL
    }

    /** How momentum enters its buffer. */
    public enum MomentumForm {
        EMA,
        SUM
    }
}
