package org.windtunnel.optim;

import java.util.stream.IntStream;
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

    /**
     * Independent N(0, 1/r), a function of seed, parameter and step alone; by all processors, since a card waits for
     * them: 84 matrices of width 512 have 5 million numbers of some 60 ns.
     */
    static Projections gaussian(long seed) {
        return (parameter, step, rank, projection) -> {
            Rng rng = new Rng(seed, Rng.stream("projection " + parameter) + step);
            double[] values = new double[projection.intSize()];
            int each = 2048;
            IntStream.range(0, (values.length + each - 1) / each).parallel().forEach(part -> {
                int end = Math.min(values.length, (part + 1) * each);
                for (int i = part * each; i < end; i++) {
                    values[i] = rng.gaussian(i) / Math.sqrt(rank);
                }
            });
            projection.set(values);
        };
    }
}
