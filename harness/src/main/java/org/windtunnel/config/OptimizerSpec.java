package org.windtunnel.config;

import java.util.Map;

/**
 * The optimizers. Each has a rule of its own for the hidden matrices, and may update other parameters by another rule with
 * settings of its own.
 */
public sealed interface OptimizerSpec permits OptimizerSpec.Sgd, OptimizerSpec.AdamW {

    /** The rule that hidden matrices are updated by. */
    UpdateRule rule();

    /** Peak learning rate of {@link #rule} at the base model. */
    double lr();

    /** Peak learning rate at the base model of the parameters that are updated by {@code rule}. */
    default double lr(UpdateRule rule) {
        return lr();
    }

    /** Configured weight decay of {@link #rule}, before per-parameter multipliers. */
    double weightDecay();

    /** Configured weight decay of the parameters that are updated by {@code rule}. */
    default double weightDecay(UpdateRule rule) {
        return weightDecay();
    }

    /** Rules by name pattern, in place of those that follow from the parameters' roles. */
    default Map<String, UpdateRule> assign() {
        return Map.of();
    }

    /** Which parameters it applies to. */
    Decayed decayed();

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
            @Key(value = "Decay of the second moment", def = "0.95") double beta2,
            @Key(value = "Added to the denominator", def = "1e-8") double eps,
            @Key(value = "after: sqrt(v_hat) + eps (torch); before: sqrt(v) + eps, then bias correction", def = "after")
                    EpsPlacement epsPlacement,
            @Key(value = "Decoupled weight decay", def = "0.1") double weightDecay,
            @Key(value = "Which parameters decay: matrices (two or more axes) or all", def = "matrices") Decayed decayed)
            implements OptimizerSpec {
        @Override
        public UpdateRule rule() {
            return UpdateRule.ADAMW;
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
