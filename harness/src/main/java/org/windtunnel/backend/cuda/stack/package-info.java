/**
 * Several runs of one shape on one GPU as one stacked step.
 *
 * <p>Each run has a backend of its own, on a {@link org.windtunnel.backend.cuda.Device} that is its share of the GPU: a
 * piece of memory, of one size for all and laid out alike, and its turn in the one queue. What a run repeats is kept as
 * a list of calls. When every run is about to repeat, the lists are compared, and where they are the same but for the
 * distance between the runs' memory, one list of calls with a dimension more is launched for all. A run that is
 * elsewhere comes up with the others first; one whose work is another for good goes on by itself. No kernel adds up in
 * another order for it, so a run has the bits it has alone, but for matrix products, which cuBLAS may do another way in
 * a batch.
 */
package org.windtunnel.backend.cuda.stack;
