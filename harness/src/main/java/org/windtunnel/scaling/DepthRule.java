package org.windtunnel.scaling;

import org.windtunnel.config.ParameterizationSpec.EpsScaling;
import org.windtunnel.config.UpdateRule;

/**
 * How multipliers follow the depth multiplier mL: depth-muP (Tensor Programs VI, arXiv 2310.02244) for alpha 1/2,
 * CompleteP (arXiv 2505.01618) for alpha 1.
 *
 * <p>Branches are multiplied by mL^-alpha. Inside blocks, rates of rules that normalise the gradient follow
 * mL^(alpha-1), those of rules that do not follow mL^(2 alpha-1), since gradients shrink with the branch multiplier.
 * Either way a block moves the residual stream by 1/mL.
 *
 * @param multiplier depth over base depth
 * @param alpha exponent of the branch multiplier, in [1/2, 1]
 * @param constant further factor on the branches
 * @param eps which parameters' epsilon follows the size of their gradients
 */
record DepthRule(double multiplier, double alpha, double constant, EpsScaling eps) {
    /** Depth plays no part. */
    static final DepthRule NONE = new DepthRule(1, 1, 1, EpsScaling.NONE);

    /** Factor on the branches. */
    double branch() {
        return constant * residual();
    }

    private double residual() {
        return Math.pow(multiplier, -alpha);
    }

    /** Factor on the rate of a parameter inside a block. */
    double rate(UpdateRule rule) {
        return switch (rule) {
            case SGD, SGD_SAI -> Math.pow(multiplier, 2 * alpha - 1);
            case ADAMW, APOLLO, MUON, MUONH, ADAMH -> Math.pow(multiplier, alpha - 1);
        };
    }

    /** Factor on Adam's epsilon in a model {@code width} times as wide as the base. */
    double epsilon(boolean inBlock, double width) {
        return switch (eps) {
            case NONE -> 1;
            case ALL -> residual() / width;
            case BLOCKS -> (inBlock ? residual() : 1) / width;
        };
    }
}
