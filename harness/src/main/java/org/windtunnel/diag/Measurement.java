package org.windtunnel.diag;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import org.windtunnel.diag.AttentionStatistics.Result;
import org.windtunnel.record.JsonLines;

/**
 * One line of {@code diag.jsonl}, as {@code runs/README.md} documents it, without the step it belongs to.
 *
 * @param loss mean over the diagnostic batch
 * @param logitZ mean log-partition of the logits, nats
 * @param rms of every module's output
 * @param attentions by branch; empty when left out
 * @param parameters by name
 * @param sharpness null when not due
 * @param seconds what it took, by kind
 */
public record Measurement(
        double loss,
        double logitZ,
        Map<String, Double> rms,
        Map<String, Result> attentions,
        Map<String, Parameter> parameters,
        Sharpness.Result sharpness,
        Map<String, Double> seconds)
        implements JsonLines.Fields {

    /**
     * One parameter.
     *
     * @param weight Frobenius norm before the step
     * @param gradient norm before clipping
     * @param update norm of what the step added
     * @param topSingularValue NaN where it was not asked for
     */
    public record Parameter(double weight, double gradient, double update, double topSingularValue) {}

    /** The largest eigenvalue of the Hessian; NaN when not due. */
    public double sharpnessValue() {
        return sharpness == null ? Double.NaN : sharpness.value();
    }

    /** All of {@link #seconds}. */
    public double totalSeconds() {
        return seconds.values().stream().mapToDouble(Double::doubleValue).sum();
    }

    @Override
    public void write(JsonGenerator json) throws IOException {
        json.writeNumberField("loss", loss);
        json.writeNumberField("logit_z", logitZ);
        json.writeObjectFieldStart("activation_rms");
        for (Map.Entry<String, Double> e : rms.entrySet()) {
            number(json, e.getKey(), e.getValue());
        }
        json.writeEndObject();
        if (!attentions.isEmpty()) {
            attention(json);
        }
        parameters(json);
        if (sharpness != null) {
            json.writeObjectFieldStart("sharpness");
            number(json, "value", sharpness.value());
            number(json, "error", sharpness.error());
            json.writeNumberField("passes", sharpness.passes());
            json.writeEndObject();
        }
        json.writeObjectFieldStart("cost_s");
        for (Map.Entry<String, Double> e : seconds.entrySet()) {
            number(json, e.getKey(), e.getValue());
        }
        json.writeEndObject();
    }

    private void attention(JsonGenerator json) throws IOException {
        json.writeObjectFieldStart("attention");
        for (Map.Entry<String, Result> e : attentions.entrySet()) {
            json.writeObjectFieldStart(e.getKey());
            number(json, "max_logit", e.getValue().maxLogit());
            number(json, "entropy", e.getValue().entropy());
            number(json, "min_head_entropy", e.getValue().minHeadEntropy());
            json.writeEndObject();
        }
        json.writeEndObject();
    }

    private void parameters(JsonGenerator json) throws IOException {
        json.writeObjectFieldStart("params");
        for (Map.Entry<String, Parameter> e : parameters.entrySet()) {
            Parameter p = e.getValue();
            json.writeObjectFieldStart(e.getKey());
            number(json, "weight_norm", p.weight);
            number(json, "grad_norm", p.gradient);
            number(json, "update_norm", p.update);
            if (p.weight > 0) {
                number(json, "update_ratio", p.update / p.weight);
            }
            if (!Double.isNaN(p.topSingularValue)) {
                number(json, "top_singular_value", p.topSingularValue);
            }
            json.writeEndObject();
        }
        json.writeEndObject();
    }

    /** Six digits: more would only double the file. */
    private static void number(JsonGenerator json, String key, double value) throws IOException {
        json.writeFieldName(key);
        if (Double.isFinite(value)) {
            json.writeNumber(Double.parseDouble(String.format(Locale.ROOT, "%.6g", value)));
        } else {
            json.writeNumber(value);
        }
    }
}
