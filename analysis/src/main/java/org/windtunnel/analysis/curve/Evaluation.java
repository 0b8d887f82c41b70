package org.windtunnel.analysis.curve;

/**
 * One evaluation on the fixed batches.
 *
 * @param step finished optimizer steps
 * @param tokens trained so far
 * @param flops spent so far
 * @param split name of the data, such as {@code valid}
 * @param loss nats per token; may be non-finite
 */
public record Evaluation(long step, double tokens, double flops, String split, double loss) {}
