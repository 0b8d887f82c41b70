package org.windtunnel.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import org.windtunnel.backend.Backend;
import org.windtunnel.data.Dataset;
import org.windtunnel.record.Environment;
import org.windtunnel.record.RunDirectory;

/** The manifest of a run, as {@code runs/README.md} documents it. */
final class Manifest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private Manifest() {}

    /**
     * @param trunk where a branch started; null for a run from its initialisation
     * @param files that it is made from, beside the data
     */
    static ObjectNode of(
            RunJob job, ModelPlan plan, Dataset dataset, Backend backend, long optimizerBytes, TrunkState trunk,
            List<InputFile> files) {
        ObjectNode root = JSON.createObjectNode();
        root.put("format", RunDirectory.FORMAT);
        root.put("run_id", job.runId());
        root.put("sweep", job.sweep());
        root.put("slug", job.slug());
        root.put("hash", job.hash());
        root.set("axes", JSON.valueToTree(job.axes()));
        root.put("seed", plan.spec().seed());
        root.set("config", JSON.valueToTree(job.resolvedTree()));
        root.putObject("params")
                .put("total", plan.counts().total())
                .put("non_embedding", plan.counts().nonEmbedding())
                .put("embedding", plan.counts().embedding());
        root.put("flops_per_token", plan.flopsPerToken());
        root.putObject("planned").put("steps", plan.steps()).put("tokens", plan.steps() * plan.tokensPerStep());
        root.put("unit", plan.spec().model().unit());
        ObjectNode data = root.putObject("data");
        dataset.facts().forEach((key, value) -> data.set(key, finite(value)));
        data.set("provenance", JSON.valueToTree(dataset.provenance()));
        root.put("optimizer_state_bytes", optimizerBytes);
        ObjectNode environment = root.putObject("environment");
        Environment.describe().forEach(environment::put);
        for (Map.Entry<String, String> fact : backend.describe().entrySet()) {
            environment.put(fact.getKey(), fact.getValue());
        }
        if (trunk == null) {
            root.putNull("parent");
        } else {
            root.putObject("parent")
                    .put("run_id", job.branch().parent())
                    .put("identity", job.branch().parentIdentity())
                    .put("step", job.branch().step())
                    .put("checkpoint", trunk.hash());
        }
        for (InputFile file : files) {
            root.putObject(file.key()).put("file", file.given()).put("sha256", file.sha256());
        }
        return root;
    }

    private static JsonNode finite(Object value) {
        boolean known = !(value instanceof Double number) || Double.isFinite(number);
        return known ? JSON.valueToTree(value) : JSON.nullNode();
    }
}
