package org.windtunnel.data;

import java.util.Map;
import org.windtunnel.config.TrainSpec;

/** What a config's {@code data} section describes, opened. Immutable and safe for concurrent reads. */
public interface Dataset {

    DataShape shape();

    /** What it was made from. */
    Provenance provenance();

    /**
     * Sizes and known limits for the manifest, in order; keys as {@code runs/README.md} documents them. A null or a number
     * that is not finite stands for what is not known.
     */
    Map<String, Object> facts();

    /**
     * The order in which a run sees it.
     *
     * @param unitsPerExample tokens of a sequence, 1 for an image
     * @param train batch, evaluation set and sampling
     * @param microBatch examples that a model takes at once
     * @param seed the run's
     * @throws org.windtunnel.config.ConfigException if there are too few examples
     */
    BatchSource batches(int unitsPerExample, TrainSpec train, int microBatch, long seed);
}
