package org.windtunnel.scaling;

/**
 * What a parameterization decides for one parameter.
 *
 * @param initStd standard deviation of the normal initialisation; 0 with {@code initMean} is a constant
 * @param initMean mean of the initialisation (1 for gains, 0 elsewhere)
 * @param lrMult factor on the scheduled learning rate
 * @param wdMult factor on the configured weight decay; 0 for parameters that are not decayed
 * @param epsMult factor on Adam's epsilon
 * @param uniform whether the initialisation is uniform instead of normal, with that standard deviation
 * @param zeroRows leading rows that start at zero whatever {@code initStd} is (the queries of a packed q-k-v matrix)
 */
public record ParamScaling(
        double initStd, double initMean, double lrMult, double wdMult, double epsMult, boolean uniform, int zeroRows) {

    /** Normal, without rows that start at zero. */
    public ParamScaling(double initStd, double initMean, double lrMult, double wdMult, double epsMult) {
        this(initStd, initMean, lrMult, wdMult, epsMult, false, 0);
    }
}
