package org.windtunnel.launch.kubernetes;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.windtunnel.config.ConfigException;
import org.windtunnel.launch.Commands;
import org.windtunnel.launch.Engine;
import org.windtunnel.launch.Submission;
import org.windtunnel.record.RunDirectory;

/**
 * Kubernetes by manifests, which {@code kubectl} applies. Where there is no kubectl the manifest is written all the same;
 * its runs count as handed over until the sweep is cancelled.
 */
public final class KubernetesEngine implements Engine {
    static final String LABEL = "app.kubernetes.io/name";
    static final String APPLICATION = "windtunnel";
    private static final String INDEX = "batch.kubernetes.io/job-completion-index";
    private static final String KUBECTL = "kubectl";
    private static final ObjectMapper JSON = new ObjectMapper();

    private final String namespace;
    private final boolean apply;
    private final Manifest manifest;

    /** Writes the manifest of a submission. */
    @FunctionalInterface
    public interface Manifest {
        String of(Submission submission);
    }

    /**
     * @param apply whether to have kubectl apply manifests
     * @param manifest null for an engine that is only asked
     */
    public KubernetesEngine(String namespace, boolean apply, Manifest manifest) {
        this.namespace = namespace;
        this.apply = apply;
        this.manifest = manifest;
    }

    @Override
    public String name() {
        return "kubernetes";
    }

    @Override
    public String place() {
        return namespace;
    }

    @Override
    public String submit(Submission submission) {
        Path file = submission.directory().resolve("job.yaml");
        try {
            Files.writeString(file, manifest.of(submission));
        } catch (IOException e) {
            throw RunDirectory.notWritable(file, e);
        }
        if (!apply) {
            return "start it with: kubectl apply -f " + Commands.quote(List.of(file.toString()));
        }
        if (!Commands.exist(KUBECTL)) {
            throw new ConfigException("sweep.launcher.apply: expected the command kubectl, found none on the PATH; install it, "
                    + "or set apply: false to have the manifest written only");
        }
        return Commands.run(List.of(KUBECTL, "apply", "-f", file.toString())).strip();
    }

    @Override
    public Map<Submission, Job> jobs(List<Submission> submissions) {
        if (submissions.isEmpty()) {
            return Map.of();
        }
        String listed = Commands.run(List.of(KUBECTL, "get", "jobs,pods", "--namespace", namespace, "--selector",
                LABEL + "=" + APPLICATION, "--output", "json"));
        try {
            return parse(JSON.readTree(listed), submissions);
        } catch (JsonProcessingException e) {
            throw new ConfigException("kubectl get: expected JSON, found " + e.getOriginalMessage(), e);
        }
    }

    /** @param list jobs and pods as {@code kubectl get} prints them */
    static Map<Submission, Job> parse(JsonNode list, List<Submission> submissions) {
        Map<String, Set<Integer>> running = new HashMap<>();
        Map<String, JsonNode> jobs = new HashMap<>();
        for (JsonNode item : list.path("items")) {
            JsonNode metadata = item.path("metadata");
            if (item.path("kind").asText().equals("Job")) {
                jobs.put(metadata.path("name").asText(), item);
            } else if (item.path("status").path("phase").asText().equals("Running")) {
                for (JsonNode owner : metadata.path("ownerReferences")) {
                    running.computeIfAbsent(owner.path("name").asText(), job -> new HashSet<>())
                            .add(metadata.path("annotations").path(INDEX).asInt(-1));
                }
            }
        }
        Map<Submission, Job> held = new LinkedHashMap<>();
        for (Submission submission : submissions) {
            String name = JobManifest.name(submission);
            JsonNode job = jobs.get(name);
            if (job != null && !hasEnded(job)) {
                held.put(submission, new Job(name, tasks(job, submission, running.getOrDefault(name, Set.of()))));
            }
        }
        return held;
    }

    private static boolean hasEnded(JsonNode job) {
        for (JsonNode condition : job.path("status").path("conditions")) {
            boolean end = Set.of("Complete", "Failed").contains(condition.path("type").asText());
            if (end && condition.path("status").asText().equals("True")) {
                return true;
            }
        }
        return false;
    }

    private static Map<Integer, Task> tasks(JsonNode job, Submission submission, Set<Integer> running) {
        Set<Integer> ended = indexes(job.path("status").path("completedIndexes").asText());
        ended.addAll(indexes(job.path("status").path("failedIndexes").asText()));
        Map<Integer, Task> tasks = new LinkedHashMap<>();
        for (int index = 0; index < submission.tasks().size(); index++) {
            if (!ended.contains(index)) {
                tasks.put(index, new Task(running.contains(index), null));
            }
        }
        return tasks;
    }

    /** Indexes as Kubernetes lists them, such as {@code 1,3-5,7}. */
    private static Set<Integer> indexes(String list) {
        Set<Integer> indexes = new HashSet<>();
        for (String range : list.split(",")) {
            if (!range.isBlank()) {
                String[] ends = range.strip().split("-");
                int last = Integer.parseInt(ends[ends.length - 1]);
                for (int i = Integer.parseInt(ends[0]); i <= last; i++) {
                    indexes.add(i);
                }
            }
        }
        return indexes;
    }

    @Override
    public boolean cancel(Submission submission) {
        List<String> delete = List.of(KUBECTL, "delete", "job", JobManifest.name(submission), "--namespace", namespace,
                "--ignore-not-found", "--wait=false");
        try {
            Commands.run(delete);
        } catch (ConfigException notToBeReached) {
            // The manifest may never have been applied; if it was, its pods find the file CANCEL.
            System.out.printf("%s%nif the manifest was applied, end its job with: %s%n", notToBeReached.getMessage(),
                    Commands.quote(delete));
        }
        return true;
    }
}
