package org.windtunnel.analysis.curve;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * One run directory in memory.
 *
 * @param directory where it was read
 * @param runId directory name as the manifest gives it
 * @param sweep name of its sweep
 * @param slug readable part of the id
 * @param status how it stands
 * @param reason why it diverged or failed; null otherwise
 * @param axes what the sweep varied: config path → value
 * @param config the resolved experiment
 * @param unit what tokens count: {@code tokens}, or {@code images}
 * @param seed of init and data order
 * @param paramsTotal all parameters
 * @param paramsNonEmbedding all but the token and position tables
 * @param flopsPerToken forward plus backward
 * @param plannedTokens training budget
 * @param stateBytes of the optimizer; null where the manifest does not say
 * @param vocab size of the vocabulary, or number of classes; 0 if unknown
 * @param entropyRate known entropy of a synthetic source, nats per token; null for real data
 * @param data the manifest's facts about the data
 * @param environment the manifest's facts about machine and program
 * @param wallSeconds from the DONE marker; null without one
 * @param curve training curve, maybe empty
 * @param evaluations by increasing step, maybe empty
 * @param parent where a branch starts, whose curve and evaluations then begin with the trunk's; null for other runs
 */
public record Run(
        Path directory,
        String runId,
        String sweep,
        String slug,
        RunStatus status,
        String reason,
        Map<String, Object> axes,
        JsonNode config,
        String unit,
        long seed,
        double paramsTotal,
        double paramsNonEmbedding,
        double flopsPerToken,
        double plannedTokens,
        Double stateBytes,
        int vocab,
        Double entropyRate,
        JsonNode data,
        JsonNode environment,
        Double wallSeconds,
        Curve curve,
        List<Evaluation> evaluations,
        Parent parent) {

    /**
     * The state that a branch goes on from.
     *
     * @param runId the trunk
     * @param step its finished steps
     * @param checkpoint hash of that state
     */
    public record Parent(String runId, long step, String checkpoint) {}

    /** N by a measure. */
    public double size(SizeMeasure measure) {
        return measure == SizeMeasure.TOTAL ? paramsTotal : paramsNonEmbedding;
    }

    /** Training tokens D: what the log has reached, or the plan where the log is empty. */
    public double tokens() {
        double logged = curve.size() == 0 ? 0 : curve.tokens()[curve.size() - 1];
        if (!evaluations.isEmpty()) {
            logged = Math.max(logged, evaluations.get(evaluations.size() - 1).tokens());
        }
        return logged > 0 ? logged : plannedTokens;
    }

    /** Loss of the last evaluation, whatever the status; empty without one. */
    public OptionalDouble lastEvalLoss() {
        return evaluations.isEmpty()
                ? OptionalDouble.empty()
                : OptionalDouble.of(evaluations.get(evaluations.size() - 1).loss());
    }

    /** Share that the last evaluation classified wrongly; empty where there are no classes. */
    public OptionalDouble lastEvalError() {
        double error = evaluations.isEmpty() ? Double.NaN : evaluations.get(evaluations.size() - 1).error();
        return Double.isNaN(error) ? OptionalDouble.empty() : OptionalDouble.of(error);
    }

    /** Final loss of a finished run: finite for a good one, +∞ for a diverged one, empty for all others. */
    public OptionalDouble finalLoss() {
        if (status == RunStatus.DIVERGED) {
            return OptionalDouble.of(Double.POSITIVE_INFINITY);
        }
        if (status != RunStatus.DONE || evaluations.isEmpty()) {
            return OptionalDouble.empty();
        }
        double loss = lastEvalLoss().getAsDouble();
        return OptionalDouble.of(Double.isFinite(loss) ? loss : Double.POSITIVE_INFINITY);
    }

    /** Value at a config path such as {@code optimizer.lr}: from the axes, else from the config; empty if neither. */
    public Optional<Object> value(String path) {
        Object axis = axes.get(path);
        if (axis != null) {
            return Optional.of(axis);
        }
        JsonNode node = config;
        for (String key : path.split("\\.")) {
            node = node.path(key);
        }
        if (node.isNumber()) {
            return Optional.of(node.numberValue());
        }
        if (node.isBoolean()) {
            return Optional.of(node.booleanValue());
        }
        return node.isValueNode() && !node.isNull() ? Optional.of(node.asText()) : Optional.empty();
    }

    /** Number at a config path; empty if there is none or it is not a number. */
    public OptionalDouble number(String path) {
        Optional<Object> value = value(path);
        if (value.isPresent() && value.get() instanceof Number number) {
            return OptionalDouble.of(number.doubleValue());
        }
        return OptionalDouble.empty();
    }

    /** Whether the value at a path equals the given one; numbers compare by value, all else by text. */
    public boolean matches(String path, Object expected) {
        Object actual = value(path).orElse(null);
        if (actual instanceof Number a && expected instanceof Number b) {
            return a.doubleValue() == b.doubleValue();
        }
        return actual != null && actual.toString().equals(String.valueOf(expected));
    }
}
