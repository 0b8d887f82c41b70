package org.windtunnel.config;

import java.util.Map;
import org.windtunnel.config.OptimizerSpec.AdamW;
import org.windtunnel.config.OptimizerSpec.Decayed;
import org.windtunnel.config.OptimizerSpec.EpsPlacement;

/** APOLLO and APOLLO-Mini (arXiv 2412.05270): what they have in common, and their settings. */
public sealed interface ProjectedSpec permits ProjectedSpec.Apollo, ProjectedSpec.ApolloMini {
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

    /** Whether the step makes up for moments that start at zero. */
    boolean correctBias();

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
                    Map<String, UpdateRule> assign,
            @Key(value = "Bias correction of the moments: the step times sqrt(1 - beta2^t) / (1 - beta1^t)", def = "true",
                            later = true)
                    boolean correctBias)
            implements OptimizerSpec, ProjectedSpec {
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
                    Map<String, UpdateRule> assign,
            @Key(value = "Bias correction of the moments: the step times sqrt(1 - beta2^t) / (1 - beta1^t)", def = "true",
                            later = true)
                    boolean correctBias)
            implements OptimizerSpec, ProjectedSpec {
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
}
