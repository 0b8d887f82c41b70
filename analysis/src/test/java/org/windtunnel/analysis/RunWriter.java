package org.windtunnel.analysis;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.windtunnel.analysis.curve.RunStatus;

/** Writes run directories as {@code runs/README.md} specifies them, for tests of what reads them. */
public final class RunWriter {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path sweep;
    private int count;
    private Double entropy;

    public RunWriter(Path sweep) {
        this.sweep = sweep;
    }

    /** Sets the entropy rate of the runs that follow. */
    public RunWriter entropy(Double rate) {
        entropy = rate;
        return this;
    }

    /** A finished run with the axes that quickstarts vary. */
    public Path done(String type, int width, double lr, long seed, double n, double d, double loss) {
        return run(axes(type, width, lr), seed, n, d, RunStatus.DONE, loss);
    }

    /** A run that diverged after a few steps. */
    public Path diverged(String type, int width, double lr, long seed, double n, double d) {
        return run(axes(type, width, lr), seed, n, d, RunStatus.DIVERGED, Double.NaN);
    }

    public static Map<String, Object> axes(String type, int width, double lr) {
        Map<String, Object> axes = new LinkedHashMap<>();
        axes.put("parameterization.type", type);
        axes.put("model.width", width);
        axes.put("optimizer.lr", lr);
        return axes;
    }

    /** Any run: ten log lines, an evaluation when the loss is finite, and the marker. */
    public Path run(Map<String, Object> axes, long seed, double n, double d, RunStatus status, double loss) {
        Path run = sweep.resolve(String.format("run%03d_%08x", count, 0x1000 + count));
        count++;
        try {
            Files.createDirectories(run);
            Files.writeString(
                    run.resolve("manifest.json"),
                    manifest(run, axes, seed, n, d).toString());
            StringBuilder curve = new StringBuilder();
            for (int step = 1; step <= 10; step++) {
                double value = step < 10 || Double.isFinite(loss) ? loss + 0.3 * (10 - step) : Double.NaN;
                curve.append(curveLine(
                        step, d * step / 10, 6 * n * d * step / 10, Double.isNaN(value) ? "\"NaN\"" : "" + value));
            }
            Files.writeString(run.resolve("curve.jsonl"), curve);
            if (Double.isFinite(loss)) {
                Files.writeString(run.resolve("eval.jsonl"), evalLine(10, d, 6 * n * d, loss));
            }
            if (status != RunStatus.RUNNING) {
                Files.writeString(
                        run.resolve(status.name()),
                        "{\"step\": 10, \"wall_s\": 1.5, \"reason\": "
                                + (status == RunStatus.DONE ? "null" : "\"loss is NaN\"") + "}");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return run;
    }

    public static String curveLine(int step, double tokens, double flops, String loss) {
        return "{\"step\": " + step + ", \"tokens\": " + tokens + ", \"flops\": " + flops
                + ", \"lr\": 0.001, \"loss\": " + loss
                + ", \"grad_norm\": 1.0, \"clip\": 1, \"tokens_per_s\": 1000.0, \"time_s\": " + step * 0.1 + "}\n";
    }

    public static String evalLine(int step, double tokens, double flops, double loss) {
        return "{\"step\": " + step + ", \"tokens\": " + tokens + ", \"flops\": " + flops
                + ", \"split\": \"valid\", \"loss\": " + loss + ", \"eval_tokens\": 4096, \"time_s\": 1.0}\n";
    }

    private ObjectNode manifest(Path run, Map<String, Object> axes, long seed, double n, double d) {
        ObjectNode m = JSON.createObjectNode();
        String id = run.getFileName().toString();
        m.put("format", 1)
                .put("run_id", id)
                .put("sweep", "wind")
                .put("slug", id.substring(0, 6))
                .put("seed", seed);
        m.set("axes", JSON.valueToTree(axes));
        ObjectNode config = m.putObject("config");
        config.putObject("model").put("family", "gpt").put("depth", 2);
        config.putObject("data").put("type", "markov");
        m.putObject("params").put("total", n + 1000).put("non_embedding", n).put("embedding", 1000);
        m.put("flops_per_token", 6 * n);
        m.putObject("planned").put("steps", 10).put("tokens", d);
        ObjectNode environment = m.putObject("environment");
        environment
                .put("java", "17.0.15")
                .put("os", "Linux")
                .put("cpu", "Test CPU")
                .put("cores", "2")
                .put("git", "abc123");
        m.putObject("data").put("vocab", 256).put("train_tokens", 1000000).put("entropy_rate", entropy);
        return m;
    }
}
