package org.windtunnel.coord;

import java.util.function.BiConsumer;
import org.windtunnel.config.ExperimentSpec;
import org.windtunnel.data.BatchSource;
import org.windtunnel.data.DataShape;
import org.windtunnel.data.Dataset;
import org.windtunnel.tensor.Tensor;

/**
 * The one batch that every width, seed and step of a check sees.
 *
 * @param shape of its examples
 * @param examples how many
 * @param fill writes inputs and targets to a model's tensors, always the same
 */
public record CoordBatch(DataShape shape, int examples, BiConsumer<Tensor, Tensor> fill) {

    /** The first examples of an experiment's training order. */
    public static CoordBatch of(ExperimentSpec spec, Dataset data, int examples) {
        BatchSource source = data.batches(
                spec.model().unitsPerExample(), spec.train().withBatch(examples), examples, spec.seed());
        return new CoordBatch(data.shape(), examples, (inputs, targets) -> source.train(0, 0, inputs, targets));
    }
}
