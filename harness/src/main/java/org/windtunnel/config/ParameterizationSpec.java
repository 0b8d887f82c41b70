package org.windtunnel.config;

/** How initialisation, learning rates, decay and forward constants depend on width and depth. */
public sealed interface ParameterizationSpec permits ParameterizationSpec.Sp, ParameterizationSpec.MuP {

    /** Standard parameterization: one learning rate, 1/sqrt(fan_in) init. */
    @Variant(value = "sp", doc = "Standard: one learning rate for all, init std hidden_gain/sqrt(fan_in)")
    record Sp(
            @Key(value = "Init std of token and position tables", def = "0.02") double embeddingStd,
            @Key(value = "Hidden matrices: std = hidden_gain / sqrt(fan_in)", def = "1.0") double hiddenGain,
            @Key(value = "Readout: std = readout_gain / sqrt(fan_in); 0 starts at uniform predictions", def = "1.0")
                    double readoutGain,
            @Key(value = "Divide the init of residual outputs by sqrt(2 depth), as GPT-2 does", def = "false")
                    boolean residualInitScaling)
            implements ParameterizationSpec {}

    /**
     * Maximal update parameterization (Tensor Programs V, arXiv 2203.03466), relative to a base width, in the form of
     * microsoft/mup. A tied readout follows its MuSharedReadout: the token table keeps its own init, rate and decay, and
     * the readout's input is multiplied by output_mult / width multiplier.
     */
    @Variant(value = "mup", doc = "muP (Tensor Programs V): hyperparameters tuned at base_width transfer across width")
    record MuP(
            @Key(value = "Width at which SP and muP coincide", unit = "elements") int baseWidth,
            @Key(value = "Init std of token and position tables", def = "0.02") double embeddingStd,
            @Key(value = "Hidden matrices: std = hidden_gain / sqrt(fan_in)", def = "1.0") double hiddenGain,
            @Key(value = "Readout at base width: std = readout_gain / sqrt(base fan_in); 0 as the muP paper recommends", def = "0.0")
                    double readoutGain,
            @Key(value = "Zero-initialise the query projection", def = "false") boolean queryZeroInit,
            @Key(value = "Multiplier on the embeddings", def = "1.0") double embeddingMult,
            @Key(value = "Multiplier on the logits, beside 1/width", def = "1.0") double outputMult,
            @Key(value = "Weight decay of hidden matrices with the width multiplier m: fixed, mup_linear (x m, keeps lr x decay), "
                            + "sqrt (x sqrt m, none on tables, readout, gains and biases; AdamW only) or independent (decay is the "
                            + "shrinkage a step at the peak rate, whatever the rate; AdamW only)", def = "mup_linear")
                    DecayRule decayRule)
            implements ParameterizationSpec {}

    /** How weight decay λ follows width, beside rates η that fall as 1/m for hidden matrices under Adam. */
    enum DecayRule {
        /** The same λ for all. */
        FIXED,
        /** λ over the rate's multiplier, so that ηλ does not depend on width (microsoft/mup's default). */
        MUP_LINEAR,
        /** λ √m for hidden matrices, none elsewhere (robust layerwise scaling, arXiv 2510.15262). */
        SQRT,
        /** λ over the peak rate of each parameter, so that the shrinkage a step is λ times the schedule. */
        INDEPENDENT
    }
}
