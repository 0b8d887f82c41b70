package org.windtunnel.nn;

import java.util.List;
import org.windtunnel.backend.Backend;
import org.windtunnel.config.TrainSpec.Loss;
import org.windtunnel.tensor.Allocator;

/**
 * A model family at one width and depth, before any memory is taken: what it declares, what it costs, and how it is
 * built. What trains, plans and measures models asks nothing else of them.
 *
 * <p>A batch is made of examples, an example of units: a sequence of tokens, or an image, which is one unit. Budgets,
 * counts and means are by unit.
 */
public interface Family {

    /** The parameters, in memory order; the same names and roles at every width. */
    List<ParamSpec> parameters();

    /** Blocks, which depth rules count. */
    int depth();

    /** Elements per attention head; 1 in a family without attention. */
    default int headDim() {
        return 1;
    }

    /** Units of an example: the tokens of a sequence, 1 for an image. */
    int unitsPerExample();

    /** Floating-point operations of a forward and backward pass by unit, matrix products and convolutions only. */
    double flopsPerUnit();

    /** What a user should know before a long run, a sentence each. */
    default List<String> remarks() {
        return List.of();
    }

    /**
     * The model on a backend.
     *
     * @param backend runs the passes; may be null with a counting allocator
     * @param multipliers constants of the forward pass
     * @param microBatch examples of a forward and backward pass
     * @param seed of what passes draw at random, such as dropped paths
     * @param memory gives parameters, gradients and activations
     */
    Model build(
            Backend backend, ForwardMultipliers multipliers, int microBatch, Loss loss, long seed, Allocator memory);
}
