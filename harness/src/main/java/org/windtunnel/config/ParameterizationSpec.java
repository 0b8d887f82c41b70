package org.windtunnel.config;

import java.util.Locale;

/** How initialisation, learning rates, decay and forward constants depend on width and depth. */
public sealed interface ParameterizationSpec
        permits ParameterizationSpec.Sp,
                ParameterizationSpec.SpFullAlign,
                ParameterizationSpec.MuP,
                ParameterizationSpec.DepthMuP,
                ParameterizationSpec.CompleteP,
                ParameterizationSpec.MuPPlusPlus,
                ParameterizationSpec.HyperP {

    /** Width of the model that hyperparameters were tuned at; the model's own where width plays no part. */
    default int baseWidth(int width) {
        return width;
    }

    /** Blocks of the model that hyperparameters were tuned at; the model's own where depth plays no part. */
    default int baseDepth(int depth) {
        return depth;
    }

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
            @Key(value = "Weight decay of hidden matrices with the width multiplier m: fixed, mup_linear (x m, keeps "
                            + "lr x decay), sqrt (x sqrt m, none on tables, readout, gains and biases; AdamW only), "
                            + "independent (decay is the shrinkage a step at the peak rate, whatever the rate; AdamW "
                            + "only) or inverse (/ m; Muon only)",
                    def = "mup_linear")
                    DecayRule decayRule)
            implements ParameterizationSpec {
        @Override
        public int baseWidth(int width) {
            return baseWidth;
        }
    }

    /**
     * muP over width with depth-muP over depth (Tensor Programs VI, arXiv 2310.02244): branches times
     * (depth/base_depth)^-1/2, and Adam-like rates inside blocks by the same factor.
     */
    @Variant(value = "depth_mup", doc = "muP with depth-muP (Tensor Programs VI): branches x (depth/base_depth)^-1/2")
    record DepthMuP(
            @Key(value = "Width at which SP and muP coincide", unit = "elements") int baseWidth,
            @Key(value = "Depth at which branches have multiplier 1", unit = "blocks") @Range(min = 1) int baseDepth,
            @Key(value = "Init std of token and position tables", def = "0.02") double embeddingStd,
            @Key(value = "Hidden matrices: std = hidden_gain / sqrt(fan_in)", def = "1.0") double hiddenGain,
            @Key(value = "Readout at base width: std = readout_gain / sqrt(base fan_in); 0 as muP recommends",
                            def = "0.0")
                    double readoutGain,
            @Key(value = "Zero-initialise the query projection", def = "false") boolean queryZeroInit,
            @Key(value = "Multiplier on the embeddings", def = "1.0") double embeddingMult,
            @Key(value = "Multiplier on the logits, beside 1/width", def = "1.0") double outputMult,
            @Key(value = "Weight decay over width, as under mup: fixed, mup_linear, sqrt, independent or inverse",
                            def = "mup_linear")
                    DecayRule decayRule,
            @Key(value = EPS_DOC, def = "none") EpsScaling epsScaling,
            @Key(value = RESIDUAL_DOC, def = "1.0", later = true) @Range(min = 0, aboveMin = true) double residualMult)
            implements ParameterizationSpec {
        /** The rules over width. */
        public MuP width() {
            return new MuP(baseWidth, embeddingStd, hiddenGain, readoutGain, queryZeroInit, embeddingMult, outputMult,
                    decayRule);
        }

        @Override
        public int baseWidth(int width) {
            return baseWidth;
        }

        @Override
        public int baseDepth(int depth) {
            return baseDepth;
        }
    }

    /**
     * CompleteP (arXiv 2505.01618): muP over width, branches times (depth/base_depth)^-alpha, Adam-like rates inside
     * blocks times (depth/base_depth)^(alpha-1), and Adam's epsilon with the size of the gradients.
     */
    @Variant(value = "completep", doc = "CompleteP: muP with branches x (depth/base_depth)^-alpha; scales Adam's eps")
    record CompleteP(
            @Key(value = "Width at which SP and muP coincide", unit = "elements") int baseWidth,
            @Key(value = "Depth at which branches have multiplier 1", unit = "blocks") @Range(min = 1) int baseDepth,
            @Key(value = "Exponent of depth: 1 is CompleteP, 1/2 depth-muP", def = "1.0") @Range(min = 0.5, max = 1)
                    double alpha,
            @Key(value = "Init std of token and position tables", def = "0.02") double embeddingStd,
            @Key(value = "Hidden matrices: std = hidden_gain / sqrt(fan_in)", def = "1.0") double hiddenGain,
            @Key(value = "Readout at base width: std = readout_gain / sqrt(base fan_in); 0 as muP recommends",
                            def = "0.0")
                    double readoutGain,
            @Key(value = "Zero-initialise the query projection", def = "false") boolean queryZeroInit,
            @Key(value = "Multiplier on the embeddings", def = "1.0") double embeddingMult,
            @Key(value = "Multiplier on the logits, beside 1/width", def = "1.0") double outputMult,
            @Key(value = "Weight decay over width, as under mup: fixed, mup_linear, sqrt, independent or inverse",
                            def = "mup_linear")
                    DecayRule decayRule,
            @Key(value = EPS_DOC, def = "all") EpsScaling epsScaling,
            @Key(value = RESIDUAL_DOC, def = "1.0", later = true) @Range(min = 0, aboveMin = true) double residualMult)
            implements ParameterizationSpec {
        /** The rules over width. */
        public MuP width() {
            return new MuP(baseWidth, embeddingStd, hiddenGain, readoutGain, queryZeroInit, embeddingMult, outputMult,
                    decayRule);
        }

        @Override
        public int baseWidth(int width) {
            return baseWidth;
        }

        @Override
        public int baseDepth(int depth) {
            return baseDepth;
        }
    }

    /**
     * SP's initialisation with one rate per kind of parameter (Everett et al., arXiv 2407.05872, "full alignment"): under
     * Adam hidden matrices and the readout have rate base_width / width, all else 1.
     */
    @Variant(value = "sp_full_align", doc = "SP with Adam rates of hidden matrices and readout x base_width/width")
    record SpFullAlign(
            @Key(value = "Width at which it is SP", unit = "elements") @Range(min = 1) int baseWidth,
            @Key(value = "Init std of token and position tables", def = "0.02") double embeddingStd,
            @Key(value = "Hidden matrices: std = hidden_gain / sqrt(fan_in)", def = "1.0") double hiddenGain,
            @Key(value = "Readout: std = readout_gain / sqrt(fan_in); 0 starts at uniform predictions", def = "1.0")
                    double readoutGain)
            implements ParameterizationSpec {
        @Override
        public int baseWidth(int width) {
            return baseWidth;
        }
    }

    /** What muP++ and HyperP have in common: models whose width follows the depth, of ArchScale's architecture. */
    sealed interface DepthScaled permits MuPPlusPlus, HyperP {
        int baseDepth();

        /** Tokens a step at the base; null for the run's own. */
        Long baseBatchTokens();

        /** Elements per head at the base; null for the model's own. */
        Integer baseHeadDim();

        double embeddingStd();

        double readoutStd();

        /** Exponent of the rate over the tokens a step. */
        default double batchExponent() {
            return 0.5;
        }
    }

    /** muP++ (ArchScale): width and depth grow together, so that base_depth / depth stands for both multipliers. */
    @Variant(value = "mup_plus_plus", doc = "muP++ (ArchScale): muP and depth-muP for models whose width follows depth")
    record MuPPlusPlus(
            @Key(value = "Depth at which the rate was tuned; published 8", unit = "blocks") @Range(min = 1) int baseDepth,
            @Key(value = "Tokens a step at which the rate was tuned, rate ~ sqrt(batch); published 2^21; none: the "
                            + "run's own",
                            def = Key.NONE, unit = "tokens")
                    @Range(min = 1) Long baseBatchTokens,
            @Key(value = "Head dimension at which attention is scaled by 1/sqrt(head_dim); published 128; none: the "
                            + "model's own",
                            def = Key.NONE, unit = "elements")
                    @Range(min = 1) Integer baseHeadDim,
            @Key(value = "Init std of token and position tables; published 1e-4, tied 0.02", def = "1e-4")
                    double embeddingStd,
            @Key(value = "Init std of the readout", def = "0.02") double readoutStd,
            @Key(value = "hidden: decay of hidden matrices only; all: of the others that decay too", def = "hidden")
                    DecayScope decayScope,
            @Key(value = "fixed: decay as given, under Muon x base_depth/depth; independent: over the peak rate, so "
                            + "that it is the shrinkage a step (ArchScale's v2scale)", def = "fixed", later = true)
                    DecayRule decayRule)
            implements ParameterizationSpec, DepthScaled {
        /** @throws ConfigException if the rule is one over a base width, which there is none of */
        public MuPPlusPlus {
            if (decayRule != DecayRule.FIXED && decayRule != DecayRule.INDEPENDENT) {
                throw ConfigException.of("decay_rule", "parameterization: expected decay_rule fixed or independent "
                        + "with mup_plus_plus, found " + decayRule.name().toLowerCase(Locale.ROOT));
            }
        }

        @Override
        public int baseDepth(int depth) {
            return baseDepth;
        }
    }

    /** HyperP (arXiv 2603.28743): rates of relative steps on the sphere over depth, tokens and batch. */
    @Variant(value = "hyperp", doc = "HyperP (arXiv 2603.28743): MuonH rates over width, depth, tokens and batch")
    record HyperP(
            @Key(value = "Depth at which the rate was tuned; published 8", unit = "blocks") @Range(min = 1) int baseDepth,
            @Key(value = "Budget at which the rate was tuned; published 10.4e9; none: the run's own", def = Key.NONE,
                            unit = "tokens")
                    @Range(min = 1) Long baseTokens,
            @Key(value = "Tokens a step at which the rate was tuned, rate ~ batch^batch_exponent; published 2^21; "
                            + "none: the run's own",
                            def = Key.NONE, unit = "tokens")
                    @Range(min = 1) Long baseBatchTokens,
            @Key(value = "Rate ~ tokens^-exponent", def = "0.32") double tokenExponent,
            @Key(value = "Whose rates follow the budget: code, all; paper, those of hidden matrices", def = "code")
                    Reading reading,
            @Key(value = "Head dimension at which attention is scaled by 1/sqrt(head_dim); published 128; none: the "
                            + "model's own",
                            def = Key.NONE, unit = "elements")
                    @Range(min = 1) Integer baseHeadDim,
            @Key(value = "Init std of token and position tables; published 1e-4, tied 0.02", def = "1e-4")
                    double embeddingStd,
            @Key(value = "Init std of the readout, above 0", def = "0.02") double readoutStd,
            @Key(value = "Rate ~ batch^exponent; 0.5 as ArchScale's code, measured 0.558", def = "0.5", later = true)
                    double batchExponent)
            implements ParameterizationSpec, DepthScaled {
        @Override
        public int baseDepth(int depth) {
            return baseDepth;
        }
    }

    /** Where HyperP's paper and its code differ. */
    enum Reading {
        CODE,
        PAPER
    }

    /** Which parameters muP++ decays. */
    enum DecayScope {
        HIDDEN,
        ALL
    }

    /** Documents {@code residual_mult}. */
    String RESIDUAL_DOC = "Multiplier on the branches, beside depth's; depth_mup with 1/sqrt(2 base_depth) has the "
            + "absolute 1/sqrt(2 depth) of two branches a block";

    /** Documents {@code eps_scaling}. */
    String EPS_DOC = "Adam's eps, m and mL width and depth multipliers: none, all (every parameter x mL^-alpha / m, "
            + "as CompleteP's code) or blocks (x 1/m everywhere, x mL^-alpha inside blocks only, as its paper)";

    /** Which parameters' Adam epsilon follows the size of their gradients. */
    enum EpsScaling {
        /** None: the configured epsilon for all. */
        NONE,
        /** Every parameter's by width and depth (EleutherAI/nanoGPT-mup). */
        ALL,
        /** Every parameter's by width, those of blocks by depth too (the paper). */
        BLOCKS
    }

    /** How weight decay λ follows width, beside rates η that fall as 1/m for hidden matrices under Adam. */
    enum DecayRule {
        /** The same λ for all. */
        FIXED,
        /** λ over the rate's multiplier, so that ηλ does not depend on width (microsoft/mup's default). */
        MUP_LINEAR,
        /** λ √m for hidden matrices, none elsewhere (robust layerwise scaling, arXiv 2510.15262). */
        SQRT,
        /** λ over the peak rate of each parameter, so that the shrinkage a step is λ times the schedule. */
        INDEPENDENT,
        /** λ/m for hidden matrices, whose rates under Muon do not follow width (arXiv 2603.28743, table 1). */
        INVERSE
    }
}
