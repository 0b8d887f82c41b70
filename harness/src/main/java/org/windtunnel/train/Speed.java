package org.windtunnel.train;

import java.util.OptionalDouble;

/**
 * How fast training goes.
 *
 * @param tokensPerSecond or what else the model counts
 * @param mfu model FLOPs utilization: FLOPs that the model needs, forward and backward, over what the device could do
 *     at most in the precision in use; NaN where that is not known
 */
public record Speed(double tokensPerSecond, double mfu) {

    /**
     * @param flopsPerToken that a token costs in training, by the model's own count
     * @param peakFlops of the device, FLOP/s
     */
    public static Speed of(double tokensPerSecond, double flopsPerToken, OptionalDouble peakFlops) {
        double flops = tokensPerSecond * flopsPerToken;
        return new Speed(tokensPerSecond, peakFlops.isPresent() ? flops / peakFlops.getAsDouble() : Double.NaN);
    }
}
