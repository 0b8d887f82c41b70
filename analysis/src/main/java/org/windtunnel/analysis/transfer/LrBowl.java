package org.windtunnel.analysis.transfer;

import java.util.List;

/**
 * Final loss against learning rate at one width.
 *
 * @param width value of the width axis
 * @param n parameters, by the study's measure
 * @param d training tokens
 * @param points by increasing rate
 * @param optimum null when no run of this width has a finite loss
 * @param sensitivity learning-rate sensitivity (Wortsman et al., arXiv 2309.14322): mean over a log-uniform rate of
 *     min(loss, loss at initialisation) − best loss, over the grid's range, nats; null with fewer than two rates
 * @param warning one sentence when the bowl is not to be trusted as it stands, else null
 */
public record LrBowl(
        double width,
        double n,
        double d,
        List<LrPoint> points,
        LrOptimum optimum,
        Double sensitivity,
        String warning) {}
