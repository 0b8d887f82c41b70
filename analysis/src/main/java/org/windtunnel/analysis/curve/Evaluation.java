package org.windtunnel.analysis.curve;

/**
 * One evaluation on the fixed batches.
 *
 * @param step finished optimizer steps
 * @param tokens trained so far
 * @param flops spent so far
 * @param split name of the data, such as {@code valid}
 * @param loss nats per unit; may be non-finite
 * @param error share classified wrongly; NaN where there are no classes
 */
public record Evaluation(long step, double tokens, double flops, String split, double loss, double error) {

    /** One without classes. */
    public Evaluation(long step, double tokens, double flops, String split, double loss) {
        this(step, tokens, flops, split, loss, Double.NaN);
    }
}
