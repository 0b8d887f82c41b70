package org.windtunnel.config;

import java.util.Map;
import java.util.Set;

/**
 * The optimizers. Each has a rule of its own for the hidden matrices, and may update other parameters by another rule
 * with settings of its own.
 */
public sealed interface OptimizerSpec
        permits OptimizerSpec.Sgd,
                OptimizerSpec.AdamW,
                OptimizerSpec.SgdSai,
                ProjectedSpec.Apollo,
                ProjectedSpec.ApolloMini,
                MuonSpec,
                SphereSpec.MuonH,
                SphereSpec.AdamH {

    /** The rule that hidden matrices are updated by. */
    UpdateRule rule();

    /** Peak learning rate of {@link #rule} at the base model. */
    double lr();

    /** Peak learning rate at the base model of the parameters of a group that are updated by {@code rule}. */
    default double lr(UpdateRule rule, RateGroup group) {
        return rule == rule() ? lr() : adamw().own(group) != null ? adamw().own(group) : auxiliary().lr();
    }

    /** Configured weight decay of {@link #rule}, before per-parameter multipliers. */
    double weightDecay();

    /** Configured weight decay of the parameters that are updated by {@code rule}. */
    default double weightDecay(UpdateRule rule) {
        return rule == rule() ? weightDecay() : auxiliary().weightDecay();
    }

    /** Which parameters updated by {@code rule} decay. */
    default Decayed decayed(UpdateRule rule) {
        return rule == rule() ? decayed() : auxiliary().decayed();
    }

    /** What is configured of an auxiliary AdamW; null for an optimizer that owns all parameters. */
    default Auxiliary adamw() {
        return null;
    }

    /**
     * The AdamW or SGD of the parameters that {@link #rule} does not own, its common rate at the base model; null for an
     * optimizer that owns them all.
     */
    default OptimizerSpec auxiliary() {
        return null;
    }

    /** The rules that it can update parameters by. */
    default Set<UpdateRule> rules() {
        return auxiliary() == null ? Set.of(rule()) : Set.of(rule(), auxiliary().rule());
    }

    /** Rules by name pattern, in place of those that follow from the parameters' roles. */
    default Map<String, UpdateRule> assign() {
        return Map.of();
    }

    /** Which parameters it applies to. */
    Decayed decayed();

    /** Muon's factor on the orthogonal direction of a matrix or filter of this shape; 1 for other optimizers. */
    default double directionScale(int[] shape) {
        return 1;
    }

    /** torch.optim.SGD's update. */
    @Variant(value = "sgd", doc = "SGD with momentum, coupled weight decay (torch.optim.SGD)")
    record Sgd(
            @Key("Peak learning rate") @Range(min = 0) double lr,
            @Key(value = "Momentum; 0 for none", def = "0.9") double momentum,
            @Key(value = "Dampening of the gradient in the momentum buffer", def = "0") double dampening,
            @Key(value = "Nesterov momentum", def = "false") boolean nesterov,
            @Key(value = "Coupled L2 weight decay", def = "0") double weightDecay,
            @Key(value = "Which parameters decay: matrices (two or more axes) or all", def = "matrices") Decayed decayed)
            implements OptimizerSpec {
        @Override
        public UpdateRule rule() {
            return UpdateRule.SGD;
        }
    }

    /** torch.optim.AdamW's update. */
    @Variant(value = "adamw", doc = "AdamW with decoupled weight decay (torch.optim.AdamW)")
    record AdamW(
            @Key("Peak learning rate") @Range(min = 0) double lr,
            @Key(value = "Decay of the first moment", def = "0.9") double beta1,
            @Key(value = "Decay of the second moment; 0.95 as nanoGPT, torch 0.999", def = "0.95") double beta2,
            @Key(value = "Added to the denominator", def = "1e-8") double eps,
            @Key(value = "after: sqrt(v_hat) + eps (torch); before: sqrt(v) + eps, then bias correction", def = "after")
                    EpsPlacement epsPlacement,
            @Key(value = "Decoupled weight decay; 0.1 as nanoGPT, torch 0.01", def = "0.1") double weightDecay,
            @Key(value = "Which parameters decay: matrices (two or more axes) or all", def = "matrices") Decayed decayed)
            implements OptimizerSpec {
        @Override
        public UpdateRule rule() {
            return UpdateRule.ADAMW;
        }
    }

    /** SGD-SaI: momentum SGD whose rates are set once, by each tensor's gradient signal-to-noise ratio at step 1. */
    @Variant(value = "sgd_sai", doc = "SGD-SaI (arXiv 2412.11768): momentum SGD with one frozen gain per tensor")
    record SgdSai(
            @Key("Peak learning rate; published sweeps 1e-4 to 1e-1") @Range(min = 0) double lr,
            @Key(value = "Momentum, as a moving average that starts at the first gradient", def = "0.9") double momentum,
            @Key(value = "Added to the standard deviation of the first gradient", def = "1e-8") double eps,
            @Key(
                            value = "raw: ||g|| / (std(g) + eps), release 1.0.3; max_normalised: divided by the largest of all "
                                    + "tensors, 1.0.4; sqrt_numel: sqrt of the number of elements, 1.1.0",
                            def = "raw")
                    Gain gain,
            @Key(value = "Decoupled weight decay, not multiplied by the gain", def = "0.01") double weightDecay,
            @Key(value = "Which parameters decay: matrices (two or more axes) or all", def = "all") Decayed decayed)
            implements OptimizerSpec {
        @Override
        public UpdateRule rule() {
            return UpdateRule.SGD_SAI;
        }

        /** What a tensor's rate is multiplied by. */
        public enum Gain {
            RAW,
            MAX_NORMALISED,
            SQRT_NUMEL
        }
    }

    /** Which parameters weight decay applies to. */
    enum Decayed {
        MATRICES,
        ALL;

        /** Whether a parameter of this many axes decays. */
        public boolean covers(int rank) {
            return this == ALL || rank >= 2;
        }
    }

    /** Where Adam's epsilon goes. */
    enum EpsPlacement {
        AFTER,
        BEFORE
    }
}
