package org.windtunnel.nn;

import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

/**
 * Draws initial weights.
 *
 * <p>Every parameter has a random stream of its own, numbered by its name, so it gets the same draws whatever else the
 * model has and whatever the scale. It takes plain arrays because {@code scaling}, which decides them, builds on this
 * package.
 */
public final class Initializer {
    private static final int CHUNK = 4096;

    private Initializer() {}

    /**
     * Fills every parameter with draws.
     *
     * @param mean mean of each parameter, in the order of {@link Parameters#specs()}
     * @param std standard deviation of each; 0 fills with the mean
     * @param uniform whether each is drawn uniformly instead of normally
     * @throws IllegalArgumentException unless there is one mean and one standard deviation per parameter
     */
    public static void fill(Parameters parameters, double[] mean, double[] std, boolean[] uniform, long seed) {
        int n = parameters.specs().size();
        if (mean.length != n || std.length != n || uniform.length != n) {
            throw new IllegalArgumentException("expected " + n + " means and standard deviations, found " + mean.length
                    + " and " + std.length);
        }
        for (int i = 0; i < n; i++) {
            String name = parameters.specs().get(i).name();
            fill(parameters.weight(name), mean[i], std[i], uniform[i], new Rng(seed, Rng.stream(name)));
        }
    }

    private static void fill(Tensor weight, double mean, double std, boolean uniform, Rng rng) {
        double width = std * Math.sqrt(12);
        double[] values = new double[(int) Math.min(CHUNK, weight.size())];
        for (long at = 0; at < weight.size(); at += CHUNK) {
            int count = (int) Math.min(CHUNK, weight.size() - at);
            for (int i = 0; i < count; i++) {
                values[i] = std == 0
                        ? mean
                        : uniform ? mean + width * (rng.uniform(at + i) - 0.5) : mean + std * rng.gaussian(at + i);
            }
            weight.storage().write(weight.offset() + at, values, 0, count);
        }
    }
}
