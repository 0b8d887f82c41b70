package org.windtunnel.launch;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import java.util.Map;
import org.windtunnel.record.RunStatus;
import org.windtunnel.train.BranchPoint;

/** What a sweep and its worker processes say to each other, one JSON object a line. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "message")
@JsonSubTypes({
    @JsonSubTypes.Type(value = WorkerMessage.Assign.class, name = "assign"),
    @JsonSubTypes.Type(value = WorkerMessage.AssignPack.class, name = "assign_pack"),
    @JsonSubTypes.Type(value = WorkerMessage.OfPack.class, name = "of_pack"),
    @JsonSubTypes.Type(value = WorkerMessage.Progress.class, name = "progress"),
    @JsonSubTypes.Type(value = WorkerMessage.Finished.class, name = "finished"),
    @JsonSubTypes.Type(value = WorkerMessage.Skipped.class, name = "skipped")
})
@JsonInclude(JsonInclude.Include.NON_NULL)
public sealed interface WorkerMessage {

    /** To a worker: do this run. {@code branch} is null for a run from its initialisation. */
    record Assign(
            String sweep,
            String runId,
            String slug,
            String hash,
            Map<String, Object> axes,
            String givenYaml,
            String resolvedYaml,
            BranchPoint branch)
            implements WorkerMessage {}

    /** To a worker: do these runs at the same time. */
    record AssignPack(List<Assign> runs) implements WorkerMessage {}

    /** From a worker: what it has to say of a run of its pack. */
    record OfPack(String runId, WorkerMessage said) implements WorkerMessage {}

    /** From a worker: where its run is. */
    record Progress(long step, long steps, double loss, double tokensPerSecond) implements WorkerMessage {}

    /**
     * From a worker: its run ended.
     *
     * @param evalLoss NaN where there is none
     * @param reason why it ended early, or null
     * @param fatal true if no other run can succeed either (the disk is full, say)
     */
    record Finished(RunStatus status, double evalLoss, double wallSeconds, String reason, boolean fatal)
            implements WorkerMessage {}

    /** From a worker: another process is at the run already, so it was left alone. */
    record Skipped(String reason) implements WorkerMessage {}

    /** This message as one line. */
    default String toLine() {
        try {
            return Json.MAPPER.writeValueAsString(this);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The message of a line. @throws IllegalArgumentException if it is none */
    static WorkerMessage parse(String line) {
        try {
            return Json.MAPPER.readValue(line, WorkerMessage.class);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not a worker message: " + line, e);
        }
    }

    /** Holder, since an interface's fields are public. */
    final class Json {
        private static final ObjectMapper MAPPER = new ObjectMapper();

        private Json() {}
    }
}
