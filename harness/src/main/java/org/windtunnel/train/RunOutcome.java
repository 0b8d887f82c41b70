package org.windtunnel.train;

import org.windtunnel.record.RunStatus;

/**
 * How a run ended.
 *
 * @param steps finished optimizer steps
 * @param tokens tokens trained on
 * @param trainLoss mean over the last tenth of the curve, nats per unit; NaN if there is none
 * @param evalLoss the last evaluation, nats per unit; NaN if there is none
 * @param evalError share of that evaluation that was classified wrongly; NaN where there are no classes
 * @param wallSeconds from the first step to the end, evaluation included
 * @param skipped steps whose update the guards left out
 * @param reason why it ended early, or null
 */
public record RunOutcome(
        RunStatus status,
        long steps,
        long tokens,
        double trainLoss,
        double evalLoss,
        double evalError,
        double wallSeconds,
        long skipped,
        String reason) {}
