package org.windtunnel.optim;

import org.windtunnel.tensor.Rng;
import org.windtunnel.tensor.Tensor;

/** Where APOLLO's projections come from. */
@FunctionalInterface
public interface Projections {

    /**
     * Fills the projection of a matrix that is drawn anew before a step.
     *
     * @param parameter name of the matrix
     * @param step 1 for the first
     * @param rank r
     * @param projection [r, columns] where columns are compressed, [rows, r] where rows are
     */
    void draw(String parameter, long step, int rank, Tensor projection);

    /** Independent N(0, 1/r), a function of seed, parameter and step alone. */
    static Projections gaussian(long seed) {
        return (parameter, step, rank, projection) -> {
            Rng rng = new Rng(seed, Rng.stream("projection " + parameter) + step);
            double[] values = new double[projection.intSize()];
            for (int i = 0; i < values.length; i++) {
                values[i] = rng.gaussian(i) / Math.sqrt(rank);
            }
            projection.set(values);
        };
    }
}
