package org.windtunnel.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.windtunnel.config.ConfigException;
import org.windtunnel.record.LogPosition;

/**
 * What a checkpoint says beside its tensors: {@code checkpoint.json}.
 *
 * @param step finished steps
 * @param runId the run that wrote it
 * @param identity of the experiment, {@link org.windtunnel.config.ConfigWriter#identity}
 * @param data fingerprint of the corpus
 * @param optimizerSteps updates the optimizer has done
 * @param evalLoss of an evaluation at this very step, nats per token; NaN if there was none
 * @param logs how far the logs were written
 * @param state what else the run needs to go on, by whom it belongs to
 */
public record CheckpointMeta(
        long step,
        String runId,
        String identity,
        String data,
        long optimizerSteps,
        double evalLoss,
        List<LogPosition> logs,
        ObjectNode state) {
    /** Version of the layout of a checkpoint. */
    public static final int FORMAT = 1;

    private static final ObjectMapper JSON = StrictJson.MAPPER;

    public CheckpointMeta {
        logs = List.copyOf(logs);
    }

    byte[] encode() {
        ObjectNode root = JSON.createObjectNode();
        root.put("format", FORMAT).put("step", step).put("run_id", runId).put("identity", identity).put("data", data);
        root.put("optimizer_steps", optimizerSteps);
        if (Double.isNaN(evalLoss)) {
            root.putNull("eval_loss");
        } else {
            root.put("eval_loss", evalLoss);
        }
        for (LogPosition log : logs) {
            root.withArray("logs")
                    .addObject()
                    .put("file", log.file())
                    .put("bytes", log.bytes())
                    .put("crc32c", log.crc32c());
        }
        root.set("state", state);
        return (root.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /**
     * @throws DamagedException if it is none
     * @throws ConfigException if it is of a format that this program does not know: nothing may be trained in its place
     */
    static CheckpointMeta parse(byte[] json) throws DamagedException {
        JsonNode root;
        try {
            root = JSON.readTree(json);
        } catch (IOException e) {
            throw new DamagedException("checkpoint.json is not valid JSON");
        }
        if (root == null || !root.path("format").isInt()) {
            throw new DamagedException("checkpoint.json has no format");
        }
        if (root.path("format").asInt() != FORMAT) {
            throw new ConfigException("the checkpoint has format " + root.path("format").asInt()
                    + ", this program knows " + FORMAT + "; use the version that wrote it or a newer one");
        }
        boolean complete = root.path("step").canConvertToLong() && root.path("run_id").isTextual()
                && root.path("identity").isTextual() && root.path("data").isTextual()
                && root.path("optimizer_steps").canConvertToLong() && root.path("state").isObject();
        if (!complete || root.path("step").asLong() < 0) {
            throw new DamagedException("checkpoint.json lacks step, run_id, identity, data, optimizer_steps or state");
        }
        List<LogPosition> logs = new ArrayList<>();
        for (JsonNode log : root.path("logs")) {
            try {
                logs.add(new LogPosition(
                        log.path("file").asText(), log.path("bytes").asLong(-1), log.path("crc32c").asLong()));
            } catch (IllegalArgumentException e) {
                throw new DamagedException("checkpoint.json: " + e.getMessage());
            }
        }
        return new CheckpointMeta(
                root.path("step").asLong(),
                root.path("run_id").asText(),
                root.path("identity").asText(),
                root.path("data").asText(),
                root.path("optimizer_steps").asLong(),
                root.path("eval_loss").isNumber() ? root.path("eval_loss").asDouble() : Double.NaN,
                logs,
                (ObjectNode) root.path("state"));
    }
}
