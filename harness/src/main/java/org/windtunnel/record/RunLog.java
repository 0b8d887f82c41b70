package org.windtunnel.record;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;

/** The curve, the evaluations and the diagnostics of one run, to JSONL and TensorBoard alike. */
public final class RunLog implements AutoCloseable {
    private final JsonLines curve;
    private final JsonLines eval;
    private final JsonLines diagnostics;
    private final TensorBoardWriter events;

    /** @param diagnostics whether there will be any */
    public RunLog(RunDirectory directory, boolean diagnostics) {
        this.curve = directory.lines("curve.jsonl");
        this.eval = directory.lines("eval.jsonl");
        this.diagnostics = diagnostics ? directory.lines("diag.jsonl") : null;
        this.events = directory.events();
    }

    /**
     * One line of the curve.
     *
     * @param step finished steps
     * @param tokens cumulative, this step included
     * @param flops cumulative, this step included
     * @param lr scheduled rate used in this step
     * @param loss nats per token before the update
     * @param gradNorm global norm before clipping
     * @param clip factor applied to the gradient
     * @param tokensPerSecond since the previous line
     * @param mfu model FLOPs utilization since the previous line; NaN where the device's peak is not known
     * @param seconds since the run started, evaluation and diagnostics excluded
     * @param skipped why the update was left out, or null
     */
    public record CurvePoint(
            long step,
            long tokens,
            double flops,
            double lr,
            double loss,
            double gradNorm,
            double clip,
            double tokensPerSecond,
            double mfu,
            double seconds,
            String skipped) {}

    public void curve(CurvePoint p) {
        curve.append(json -> {
            position(json, p.step, p.tokens, p.flops);
            json.writeNumberField(Scalar.LEARNING_RATE.key(), p.lr);
            json.writeNumberField(Scalar.TRAIN_LOSS.key(), p.loss);
            json.writeNumberField(Scalar.GRAD_NORM.key(), p.gradNorm);
            json.writeNumberField(Scalar.CLIP.key(), p.clip);
            json.writeNumberField(Scalar.TOKENS_PER_SECOND.key(), rounded(p.tokensPerSecond));
            if (!Double.isNaN(p.mfu)) {
                json.writeNumberField(Scalar.MFU.key(), Math.round(p.mfu * 1e4) / 1e4);
            }
            json.writeNumberField("time_s", rounded(p.seconds));
            if (p.skipped != null) {
                json.writeStringField("skipped", p.skipped);
            }
        });
        events.scalar(Scalar.TRAIN_LOSS.tag(), p.step, p.loss);
        events.scalar(Scalar.LEARNING_RATE.tag(), p.step, p.lr);
        events.scalar(Scalar.GRAD_NORM.tag(), p.step, p.gradNorm);
        events.scalar(Scalar.CLIP.tag(), p.step, p.clip);
        events.scalar(Scalar.TOKENS_PER_SECOND.tag(), p.step, p.tokensPerSecond);
        if (!Double.isNaN(p.mfu)) {
            events.scalar(Scalar.MFU.tag(), p.step, p.mfu);
        }
    }

    /**
     * One evaluation.
     *
     * @param loss nats per unit over {@code evalUnits} fixed units
     * @param error share of them that was classified wrongly; NaN where there are no classes
     */
    public void eval(long step, long tokens, double flops, double loss, double error, long evalUnits, double seconds) {
        eval.append(json -> {
            position(json, step, tokens, flops);
            json.writeStringField("split", "valid");
            json.writeNumberField(Scalar.EVAL_LOSS.key(), loss);
            if (!Double.isNaN(error)) {
                json.writeNumberField(Scalar.EVAL_ERROR.key(), error);
                json.writeNumberField(Scalar.EVAL_ACCURACY.key(), 1 - error);
            }
            json.writeNumberField("eval_tokens", evalUnits);
            json.writeNumberField("time_s", rounded(seconds));
        });
        events.scalar(Scalar.EVAL_LOSS.tag(), step, loss);
        if (!Double.isNaN(error)) {
            events.scalar(Scalar.EVAL_ERROR.tag(), step, error);
            events.scalar(Scalar.EVAL_ACCURACY.tag(), step, 1 - error);
        }
    }

    /**
     * One line of diagnostics.
     *
     * @param clipped share of the steps since the previous line whose gradient was clipped
     * @param skipped steps since then whose update was left out
     * @param costShare time taken by diagnostics so far over the time since the run started
     * @param logitZ mean log-partition, nats
     * @param sharpness NaN when not measured
     * @param measured the rest of the line
     */
    public record DiagnosticPoint(
            long step,
            long tokens,
            double flops,
            double clipped,
            long skipped,
            double costShare,
            double logitZ,
            double sharpness,
            JsonLines.Fields measured) {}

    /** @throws IllegalStateException if this log was opened without diagnostics */
    public void diagnostics(DiagnosticPoint p) {
        if (diagnostics == null) {
            throw new IllegalStateException("the log was opened without diagnostics");
        }
        diagnostics.append(json -> {
            position(json, p.step, p.tokens, p.flops);
            json.writeNumberField(Scalar.CLIPPED.key(), p.clipped);
            json.writeNumberField("skipped", p.skipped);
            p.measured.write(json);
            json.writeNumberField("cost_share", Math.round(p.costShare * 1e6) / 1e6);
        });
        events.scalar(Scalar.CLIPPED.tag(), p.step, p.clipped);
        events.scalar(Scalar.LOGIT_Z.tag(), p.step, p.logitZ);
        if (!Double.isNaN(p.sharpness)) {
            events.scalar(Scalar.SHARPNESS.tag(), p.step, p.sharpness);
        }
    }

    private static void position(JsonGenerator json, long step, long tokens, double flops) throws IOException {
        json.writeNumberField("step", step);
        json.writeNumberField("tokens", tokens);
        json.writeNumberField("flops", flops);
    }

    /** Timings carry three decimals; more would be noise that doubles the file. */
    private static double rounded(double v) {
        return Math.round(v * 1e3) / 1e3;
    }

    @Override
    public void close() {
        curve.close();
        eval.close();
        if (diagnostics != null) {
            diagnostics.close();
        }
        events.close();
    }
}
