package org.windtunnel.analysis.study;

import java.util.Map;
import org.windtunnel.analysis.curve.RunStatus;

/**
 * One line of the run table. Boxed values are null where the run does not have them.
 *
 * @param runId directory name
 * @param slug readable part of the name
 * @param group label of its group by the study's group paths
 * @param status how it ended
 * @param reason why it diverged or failed, else null
 * @param axes what the sweep varied: config path → value
 * @param seed of the run
 * @param width value at the width path
 * @param lr value at the learning-rate path
 * @param n parameters by the study's measure
 * @param paramsTotal all parameters
 * @param paramsNonEmbedding all but the token and position tables
 * @param d tokens trained so far, or planned where nothing is known yet
 * @param flops compute spent on d tokens
 * @param evalLoss last evaluation loss, nats per token; final only when {@code status} is {@code DONE}
 * @param trainLoss mean training loss over the last tenth of the curve
 * @param tokensPerSecond median over the curve
 * @param wallSeconds time of the run
 * @param evalError share that evaluation classified wrongly
 * @param inLaw whether the run is one of the law's points
 */
public record RunRow(
        String runId,
        String slug,
        String group,
        RunStatus status,
        String reason,
        Map<String, Object> axes,
        long seed,
        Double width,
        Double lr,
        double n,
        double paramsTotal,
        double paramsNonEmbedding,
        double d,
        double flops,
        Double evalLoss,
        Double evalError,
        Double trainLoss,
        Double tokensPerSecond,
        Double wallSeconds,
        boolean inLaw) {

    /** A run without classes. */
    public RunRow(
            String runId,
            String slug,
            String group,
            RunStatus status,
            String reason,
            Map<String, Object> axes,
            long seed,
            Double width,
            Double lr,
            double n,
            double paramsTotal,
            double paramsNonEmbedding,
            double d,
            double flops,
            Double evalLoss,
            Double trainLoss,
            Double tokensPerSecond,
            Double wallSeconds,
            boolean inLaw) {
        this(runId, slug, group, status, reason, axes, seed, width, lr, n, paramsTotal, paramsNonEmbedding, d, flops,
                evalLoss, null, trainLoss, tokensPerSecond, wallSeconds, inLaw);
    }
}
