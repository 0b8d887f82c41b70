package org.windtunnel.data.image;

import org.windtunnel.data.DataShape;
import org.windtunnel.data.Provenance;
import org.windtunnel.data.Split;

/** Labelled images by number. Immutable and safe for concurrent reads; the same number always gives the same image. */
interface ImageSource {
    /** {@link #count} of a split without end. */
    long ENDLESS = Long.MAX_VALUE;

    DataShape.Images shape();

    /** Images of a split. */
    long count(Split split);

    /** The class of an image, in [0, classes). */
    int label(Split split, long index);

    /** Writes its pixels [channels, height, width], unsigned bytes, to {@code dst}. */
    void read(Split split, long index, byte[] dst);

    Provenance provenance();

    /** Error of the best possible classifier; NaN where it is not known. */
    default double bayesError() {
        return Double.NaN;
    }

    /** Cross entropy of the best possible prediction, in nats per image; NaN where it is not known. */
    default double entropy() {
        return Double.NaN;
    }
}
