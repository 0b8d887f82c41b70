package org.windtunnel.config;

import org.windtunnel.config.OptimizerSpec.AdamW;
import org.windtunnel.config.OptimizerSpec.Decayed;
import org.windtunnel.config.OptimizerSpec.EpsPlacement;

/** Settings of an auxiliary AdamW; what is left out follows the optimizer it belongs to. */
public record Auxiliary(
        @Key(value = "Peak learning rate; none: the main one (Keller Jordan 3e-4 beside 0.02)", def = Key.NONE)
                @Range(min = 0) Double lr,
        @Key(value = "Decay of the first moment; none: 0.9, or as the main rule's", def = Key.NONE) Double beta1,
        @Key(value = "Decay of the second moment; none: 0.95, or as the main rule's", def = Key.NONE) Double beta2,
        @Key(value = "Added to the denominator; none: 1e-10 with muon, 1e-8 with muonh, else as the main rule's",
                        def = Key.NONE)
                Double eps,
        @Key(value = "after or before the bias correction; none: before with apollo, else after", def = Key.NONE)
                EpsPlacement epsPlacement,
        @Key(value = "Decoupled weight decay; none: the main one", def = Key.NONE) @Range(min = 0) Double weightDecay,
        @Key(value = "Which parameters decay: matrices (two or more axes) or all", def = "matrices") Decayed decayed) {

    AdamW resolve(
            double mainLr, double mainDecay, double b1, double b2, double e, EpsPlacement placement) {
        return new AdamW(
                lr != null ? lr : mainLr,
                beta1 != null ? beta1 : b1,
                beta2 != null ? beta2 : b2,
                eps != null ? eps : e,
                epsPlacement != null ? epsPlacement : placement,
                weightDecay != null ? weightDecay : mainDecay,
                decayed);
    }
}
