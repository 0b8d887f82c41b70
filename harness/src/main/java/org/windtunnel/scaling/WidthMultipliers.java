package org.windtunnel.scaling;

import java.util.Arrays;
import org.windtunnel.config.ConfigException;
import org.windtunnel.nn.ParamSpec;

/**
 * How many times wider a parameter is than in the base model.
 *
 * <p>As in microsoft/mup an axis counts as infinite where its length differs from the base model's; the others have
 * multiplier 1.
 *
 * @param in multiplier of the inputs: axis 1 of a matrix or filter, 1 for a vector
 * @param out multiplier of the outputs: axis 0
 */
record WidthMultipliers(double in, double out) {

    /** @throws ConfigException if the shapes differ in rank, or in a kernel axis */
    static WidthMultipliers of(ParamSpec spec, ParamSpec base) {
        int[] shape = spec.shape();
        int[] from = base.shape();
        if (shape.length != from.length
                || shape.length > 2 && !Arrays.equals(shape, 2, shape.length, from, 2, from.length)) {
            throw new ConfigException("parameterization: expected " + spec + " to differ from the base model's " + base
                    + " in width only");
        }
        double out = (double) shape[0] / from[0];
        double in = shape.length == 1 ? 1 : (double) shape[1] / from[1];
        return new WidthMultipliers(in, out);
    }
}
