package org.windtunnel.config;

import java.util.Arrays;
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
                OptimizerSpec.Apollo,
                OptimizerSpec.ApolloMini,
                OptimizerSpec.Muon,
                OptimizerSpec.MuonH,
                OptimizerSpec.AdamH {

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

    /** What APOLLO and APOLLO-Mini have in common. */
    sealed interface Projected permits Apollo, ApolloMini {
        double beta1();

        double beta2();

        double eps();

        /** Rank of a matrix's projected gradient. */
        int rank(int rows, int columns);

        /** Whether the gradient is scaled as a whole, not channel by channel. */
        boolean perTensor();

        /** The square of the factor on the scaled gradient. */
        double scale();

        /** Whether that factor comes before the growth limit. */
        boolean scaleFront();

        /** Steps between new projections. */
        int refresh();

        Side side();

        /** Most that the norm of a matrix's update may grow a step, as a factor; 0 for no limit. */
        double growthLimit();

        /** Which side of a matrix is compressed. */
        enum Side {
            /** The smaller dimension; of a square one the columns. */
            SMALLER,
            /** The larger dimension. */
            LARGER,
            /** The columns: R = g Pᵀ. */
            COLUMNS,
            /** The rows: R = Pᵀ g. */
            ROWS
        }
    }

    /** APOLLO with channel-wise scaling. */
    @Variant(
            value = "apollo",
            doc = "APOLLO (arXiv 2412.05270): hidden matrices scaled by channel from projected Adam moments, AdamW elsewhere")
    record Apollo(
            @Key("Peak learning rate; published 0.01") @Range(min = 0) double lr,
            @Key(value = "Decay of the first moment", def = "0.9") double beta1,
            @Key(value = "Decay of the second moment", def = "0.999") double beta2,
            @Key(value = "Added to the denominator", def = "1e-6") double eps,
            @Key(value = "Rank of the projection; none: a quarter of the smaller dimension", def = Key.NONE)
                    @Range(min = 1) Integer rank,
            @Key(value = "Steps between new projections", def = "200", unit = "steps") @Range(min = 1) int refresh,
            @Key(value = "The dimension that is compressed: smaller, larger, columns or rows; channel scaling needs smaller",
                            def = "smaller")
                    Side side,
            @Key(value = "Square of the factor on the scaled gradient", def = "1") @Range(min = 0) double scale,
            @Key(value = "Scale before the growth limit instead of after it, which changes rounding only", def = "false")
                    boolean scaleFront,
            @Key(value = "Most that the update's norm may grow a step, as a factor; 0 for no limit", def = "1.01")
                    @Range(min = 0)
                    double growthLimit,
            @Key(value = "Decoupled weight decay, applied after the update", def = "0") double weightDecay,
            @Key(value = "AdamW of all other parameters", def = "{}") Auxiliary adamw,
            @Key(value = "Rules by name pattern (a regular expression on whole names), such as {.*mlp.*: adamw}", def = "{}")
                    Map<String, UpdateRule> assign)
            implements OptimizerSpec, Projected {
        @Override
        public UpdateRule rule() {
            return UpdateRule.APOLLO;
        }

        @Override
        public int rank(int rows, int columns) {
            return rank != null ? rank : Math.max(1, Math.min(rows, columns) / 4);
        }

        @Override
        public boolean perTensor() {
            return false;
        }

        @Override
        public Decayed decayed() {
            return Decayed.MATRICES;
        }

        @Override
        public AdamW auxiliary() {
            return adamw.resolve(lr, weightDecay, beta1, beta2, eps, EpsPlacement.BEFORE);
        }
    }

    /** APOLLO-Mini: rank 1, tensor-wise scaling. */
    @Variant(
            value = "apollo_mini",
            doc = "APOLLO-Mini (arXiv 2412.05270): hidden matrices scaled as a whole from rank-1 Adam moments, AdamW elsewhere")
    record ApolloMini(
            @Key("Peak learning rate; published 0.01") @Range(min = 0) double lr,
            @Key(value = "Decay of the first moment", def = "0.9") double beta1,
            @Key(value = "Decay of the second moment", def = "0.999") double beta2,
            @Key(value = "Added to the denominator", def = "1e-6") double eps,
            @Key(value = "Rank of the projection", def = "1") @Range(min = 1) int rank,
            @Key(value = "Steps between new projections", def = "200", unit = "steps") @Range(min = 1) int refresh,
            @Key(value = "The dimension that is compressed: smaller, larger, columns or rows", def = "smaller") Side side,
            @Key(value = "Square of the factor on the scaled gradient; published 128, and a quarter of the width beyond",
                            def = "128")
                    @Range(min = 0) double scale,
            @Key(value = "Scale before the growth limit instead of after it, which changes rounding only", def = "false")
                    boolean scaleFront,
            @Key(value = "Most that the update's norm may grow a step, as a factor; 0 for no limit", def = "1.01")
                    @Range(min = 0)
                    double growthLimit,
            @Key(value = "Decoupled weight decay, applied after the update", def = "0") double weightDecay,
            @Key(value = "AdamW of all other parameters", def = "{}") Auxiliary adamw,
            @Key(value = "Rules by name pattern (a regular expression on whole names), such as {.*mlp.*: adamw}", def = "{}")
                    Map<String, UpdateRule> assign)
            implements OptimizerSpec, Projected {
        @Override
        public UpdateRule rule() {
            return UpdateRule.APOLLO;
        }

        @Override
        public int rank(int rows, int columns) {
            return rank;
        }

        @Override
        public boolean perTensor() {
            return true;
        }

        @Override
        public Decayed decayed() {
            return Decayed.MATRICES;
        }

        @Override
        public AdamW auxiliary() {
            return adamw.resolve(lr, weightDecay, beta1, beta2, eps, EpsPlacement.BEFORE);
        }
    }

    /** Muon in its published variants. */
    @Variant(value = "muon", doc = "Muon: orthogonalised momentum on hidden matrices, AdamW or SGD elsewhere")
    record Muon(
            @Key("Peak learning rate; published 0.02 (keller_jordan), as AdamW's with rms_norm (Moonlight)") @Range(min = 0)
                    double lr,
            @Key(value = "Momentum", def = "0.95") double momentum,
            @Key(value = "Momentum of the first step if it warms up (modded-nanogpt: 0.85)", def = "0.85", later = true)
                    double momentumStart,
            @Key(value = "Steps over which the momentum rises linearly to its value; 0 for none (modded-nanogpt: 300)",
                            def = "0", unit = "steps", later = true)
                    @Range(min = 0)
                    int momentumWarmup,
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
        public Muon {
            if (sgd != null && !adamw.equals(Auxiliary.DEFAULT)) {
                throw ConfigException.of("sgd", "optimizer: expected adamw or sgd for what muon does not update, found "
                        + "settings of both; leave one of the sections out");
            }
        }

        /** With an auxiliary AdamW. */
        public Muon(
                double lr, double momentum, double momentumStart, int momentumWarmup, MomentumForm momentumForm,
                boolean nesterov, MuonScale scale, FilterScale filterScale, int steps,
                NewtonSchulzCoefficients coefficients, double eps, double weightDecay, boolean cautiousDecay,
                boolean normalize, Auxiliary adamw, Map<String, UpdateRule> assign) {
            this(lr, momentum, momentumStart, momentumWarmup, momentumForm, nesterov, scale, filterScale, steps,
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

        /** Momentum at a step, 1 for the first; full from step {@code momentumWarmup + 1} on. */
        public double momentum(long step) {
            double done = momentumWarmup == 0 ? 1 : Math.min(1, (step - 1) / (double) momentumWarmup);
            return done == 1 ? momentum : momentumStart + done * (momentum - momentumStart);
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
    }

    /** MuonH of the Hyperball and HyperP work. */
    @Variant(
            value = "muonh",
            doc = "MuonH (HyperP, arXiv 2603.28743): Muon on the Frobenius sphere for hidden matrices, AdamH for the readout, "
                    + "AdamW elsewhere")
    record MuonH(
            @Key("Peak learning rate: the relative step on the sphere; published 0.0155") @Range(min = 0) double lr,
            @Key(value = "Momentum, b = mu b + g", def = "0.95") double momentum,
            @Key(value = "Nesterov momentum", def = "true") boolean nesterov,
            @Key(value = "Newton-Schulz iterations", def = "5") @Range(min = 1) int steps,
            @Key(value = "Coefficients of Newton-Schulz: keller_jordan, dion (ArchScale) or polar_express", def = "dion")
                    NewtonSchulzCoefficients coefficients,
            @Key(value = "Added to the norm before Newton-Schulz, and least norm of a step", def = "1e-8") double eps,
            @Key(value = "current: the norm before the step, after decay (ArchScale's code); initial: that of step 1 (paper)",
                            def = "current")
                    Radius radius,
            @Key(value = "Decoupled weight decay; shrinks the sphere if it is current", def = "0") double weightDecay,
            @Key(value = "AdamH of the readout and AdamW of all other parameters", def = "{}") Auxiliary adamw,
            @Key(value = "Rules by name pattern (a regular expression on whole names), such as {lm_head.*: adamw}", def = "{}")
                    Map<String, UpdateRule> assign)
            implements OptimizerSpec {
        @Override
        public UpdateRule rule() {
            return UpdateRule.MUONH;
        }

        @Override
        public Decayed decayed() {
            return Decayed.MATRICES;
        }

        @Override
        public AdamW auxiliary() {
            return adamw.resolve(lr, weightDecay, 0.9, 0.95, 1e-8, EpsPlacement.AFTER);
        }

        @Override
        public Set<UpdateRule> rules() {
            return Set.of(UpdateRule.MUONH, UpdateRule.ADAMH, UpdateRule.ADAMW);
        }
    }

    /** Adam's direction on the sphere. */
    @Variant(
            value = "adamh",
            doc = "AdamH (Hyperball): Adam's direction on the Frobenius sphere for hidden matrices and readout, AdamW elsewhere")
    record AdamH(
            @Key("Peak learning rate: the relative step on the sphere") @Range(min = 0) double lr,
            @Key(value = "Decay of the first moment", def = "0.9") double beta1,
            @Key(value = "Decay of the second moment", def = "0.95") double beta2,
            @Key(value = "Added to the denominator, and least norm of a step", def = "1e-8") double eps,
            @Key(value = "current: the norm before the step, after decay (ArchScale's code); initial: that of step 1 (paper)",
                            def = "current")
                    Radius radius,
            @Key(value = "Decoupled weight decay; shrinks the sphere if it is current", def = "0") double weightDecay,
            @Key(value = "AdamW of all other parameters", def = "{}") Auxiliary adamw,
            @Key(value = "Rules by name pattern (a regular expression on whole names), such as {lm_head.*: adamw}", def = "{}")
                    Map<String, UpdateRule> assign)
            implements OptimizerSpec {
        @Override
        public UpdateRule rule() {
            return UpdateRule.ADAMH;
        }

        @Override
        public Decayed decayed() {
            return Decayed.MATRICES;
        }

        @Override
        public AdamW auxiliary() {
            return adamw.resolve(lr, weightDecay, beta1, beta2, eps, EpsPlacement.AFTER);
        }

        @Override
        public Set<UpdateRule> rules() {
            return Set.of(UpdateRule.ADAMH, UpdateRule.ADAMW);
        }
    }


    /** Which axes of a convolution filter its scale is taken from. */
    enum FilterScale {
        FLAT,
        KERNEL
    }

    /** How momentum enters its buffer. */
    enum MomentumForm {
        EMA,
        SUM
    }

    /** Which radius a sphere has. */
    enum Radius {
        CURRENT,
        INITIAL
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
