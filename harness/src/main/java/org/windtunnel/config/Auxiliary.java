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
        @Key(value = "Which parameters decay: matrices (two or more axes) or all", def = "matrices") Decayed decayed,
        @Key(value = "Peak learning rate of the embeddings; none: lr (Keller Jordan 0.6 with beta1 0.8)",
                        def = Key.NONE, later = true)
                @Range(min = 0) Double embeddingLr,
        @Key(value = "Peak learning rate of an untied readout; none: lr (Keller Jordan 0.22)",
                        def = Key.NONE, later = true)
                @Range(min = 0) Double readoutLr,
        @Key(value = "Peak learning rate of norm gains and biases; none: lr (Keller Jordan 0.04)", def = Key.NONE,
                        later = true)
                @Range(min = 0) Double vectorLr) {

    /** Nothing configured. */
    static final Auxiliary DEFAULT = new Auxiliary(null, null, null, null, null, null, Decayed.MATRICES);

    /** One rate for all parameters. */
    public Auxiliary(
            Double lr, Double beta1, Double beta2, Double eps, EpsPlacement epsPlacement, Double weightDecay,
            Decayed decayed) {
        this(lr, beta1, beta2, eps, epsPlacement, weightDecay, decayed, null, null, null);
    }

    /** The rate that was given to a group of its own, or null. */
    public Double own(RateGroup group) {
        return switch (group) {
            case EMBEDDING -> embeddingLr;
            case READOUT -> readoutLr;
            case VECTOR -> vectorLr;
            case MATRIX -> null;
        };
    }

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
