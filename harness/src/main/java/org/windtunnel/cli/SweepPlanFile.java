package org.windtunnel.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.windtunnel.record.DurableFiles;
import org.windtunnel.record.RunDirectory;

/**
 * {@code plan.json} in a sweep's directory: every run of the sweep, so that one who looks on knows what is still to come.
 * Nothing is computed from it.
 */
final class SweepPlanFile {
    private static final String NAME = "plan.json";
    private static final ObjectMapper JSON = new ObjectMapper();

    private SweepPlanFile() {}

    /** @throws org.windtunnel.record.RunDirectoryException if it cannot be written */
    static void write(Path directory, List<SweepLedger.Row> rows) {
        ObjectNode plan = JsonNodeFactory.instance.objectNode().put("format", RunDirectory.FORMAT);
        ArrayNode runs = plan.putArray("runs");
        for (SweepLedger.Row row : rows) {
            runs.addObject()
                    .put("run_id", row.job().runId())
                    .put("steps", row.plan().steps())
                    .put("tokens", row.plan().steps() * row.plan().tokensPerStep())
                    .put("flops_per_token", row.plan().flopsPerToken());
        }
        // Two sweeps may start at once.
        Path partial = directory.resolve("." + NAME + "." + ProcessHandle.current().pid());
        try {
            Files.createDirectories(directory);
            DurableFiles.write(partial, JSON.writeValueAsBytes(plan));
            DurableFiles.move(partial, directory.resolve(NAME));
        } catch (IOException e) {
            throw RunDirectory.notWritable(directory.resolve(NAME), e);
        }
    }
}
