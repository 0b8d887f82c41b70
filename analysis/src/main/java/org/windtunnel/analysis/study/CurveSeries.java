package org.windtunnel.analysis.study;

import org.windtunnel.analysis.curve.RunStatus;

/**
 * The loss curves of one run, thinned for drawing; non-finite losses are left out.
 *
 * @param runId the run
 * @param label short name for tooltips
 * @param group label of its group
 * @param status how it ended
 * @param width value at the width path, or null
 * @param lr value at the learning-rate path, or null
 * @param tokens cumulative tokens of {@code trainLoss}
 * @param flops cumulative compute of {@code trainLoss}
 * @param trainLoss training loss, averaged over each thinned stretch, nats per token
 * @param evalTokens cumulative tokens of {@code evalLoss}
 * @param evalLoss evaluation loss, nats per token
 */
public record CurveSeries(
        String runId,
        String label,
        String group,
        RunStatus status,
        Double width,
        Double lr,
        double[] tokens,
        double[] flops,
        double[] trainLoss,
        double[] evalTokens,
        double[] evalLoss) {}
