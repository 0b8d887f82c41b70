package org.windtunnel.launch.kubernetes;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.windtunnel.config.LauncherSpec.Kubernetes;
import org.windtunnel.launch.Submission;

/**
 * The Indexed Job of a submission ({@code batch/v1}, Kubernetes 1.29 or newer).
 *
 * <p>An index is a task. A pod that was interrupted (exit code 75) or evicted is replaced and counts for nothing; one that
 * says why its runs cannot be done ends its index; any other end is tried again, a few times.
 */
public final class JobManifest {
    private static final String CONTAINER = "windtunnel";
    private static final int PREEMPTED = 75;

    /** Codes of {@code org.windtunnel.cli.ExitCode} that another attempt would not change. */
    private static final List<Integer> FINAL = List.of(1, 2, 3, 4, 5);

    /** The user of the image in docker/. */
    private static final int USER = 10_001;

    private static final int MAX_NAME = 30;
    private static final ObjectMapper YAML = new ObjectMapper(YAMLFactory.builder()
            .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
            .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
            .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
            .build());

    private JobManifest() {}

    /** Name of a submission's job: the sweep's as DNS allows it, the number, and which directory it is of. */
    static String name(Submission submission) {
        String sweep = submission.sweep().getFileName().toString().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
        String cut = sweep.substring(0, Math.min(MAX_NAME, sweep.length())).replaceAll("^-+|-+$", "");
        return "windtunnel-%s-%s-%08x".formatted(
                cut.isEmpty() ? "sweep" : cut, submission.number(), submission.sweep().toString().hashCode());
    }

    /** @param cpus processors that a pod asks for, where the config does not say */
    public static String of(Kubernetes spec, int cpus, Submission submission) {
        try {
            return YAML.writeValueAsString(job(spec, cpus, submission));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Map<String, Object> job(Kubernetes spec, int cpus, Submission submission) {
        int indexes = submission.tasks().size();
        Map<String, Object> labels = Map.of(KubernetesEngine.LABEL, KubernetesEngine.APPLICATION);
        return map(
                "apiVersion", "batch/v1",
                "kind", "Job",
                "metadata", map("name", name(submission), "namespace", spec.namespace(), "labels", labels),
                "spec", map(
                        "completionMode", "Indexed",
                        "completions", indexes,
                        "parallelism", spec.parallel() == null ? indexes : Math.min(spec.parallel(), indexes),
                        "backoffLimitPerIndex", spec.retries(),
                        // One task that fails must not end the others.
                        "maxFailedIndexes", indexes,
                        "podFailurePolicy", map("rules", List.of(
                                map("action", "Ignore", "onPodConditions",
                                        List.of(map("type", "DisruptionTarget", "status", "True"))),
                                map("action", "Ignore", "onExitCodes", exitCodes(List.of(PREEMPTED))),
                                map("action", "FailIndex", "onExitCodes", exitCodes(FINAL)))),
                        "template", map(
                                "metadata", map("labels", labels),
                                "spec", merge(pod(spec, cpus, submission), spec.pod()))));
    }

    private static Map<String, Object> exitCodes(List<Integer> codes) {
        return map("containerName", CONTAINER, "operator", "In", "values", codes);
    }

    private static Map<String, Object> pod(Kubernetes spec, int cpus, Submission submission) {
        Map<String, Object> requests = map("cpu", spec.cpus() == null ? Integer.toString(cpus) : spec.cpus(),
                "memory", spec.memory());
        Map<String, Object> limits = map("memory", spec.memory(), "nvidia.com/gpu", spec.gpus() == 0 ? null : spec.gpus());
        Map<String, Object> volume = spec.claim() != null
                ? map("name", "runs", "persistentVolumeClaim", map("claimName", spec.claim()))
                : map("name", "runs", "hostPath", map("path", spec.hostPath(), "type", "Directory"));
        String directory = "%s/%s/%s/%s".formatted(spec.mount(), submission.sweep().getFileName(), Submission.JOBS,
                submission.number());
        return map(
                "restartPolicy", "Never",
                "terminationGracePeriodSeconds", spec.graceSeconds(),
                "securityContext", map("runAsNonRoot", true, "runAsUser", USER, "runAsGroup", USER, "fsGroup", USER),
                "containers", List.of(map(
                        "name", CONTAINER,
                        "image", spec.image(),
                        "args", List.of("task", directory),
                        "resources", map("requests", requests, "limits", limits.isEmpty() ? null : limits),
                        "securityContext", map("allowPrivilegeEscalation", false,
                                "capabilities", map("drop", List.of("ALL"))),
                        "volumeMounts", List.of(map("name", "runs", "mountPath", spec.mount())))),
                "volumes", List.of(volume));
    }

    /** Keys and values in turn; those without a value are left out. */
    private static Map<String, Object> map(Object... entries) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < entries.length; i += 2) {
            if (entries[i + 1] != null) {
                map.put((String) entries[i], entries[i + 1]);
            }
        }
        return map;
    }

    /** Sections are merged, lists joined, anything else replaced. */
    private static Map<String, Object> merge(Map<String, Object> base, Map<?, ?> more) {
        Map<String, Object> merged = new LinkedHashMap<>(base);
        more.forEach((key, value) -> merged.merge((String) key, value, JobManifest::both));
        return merged;
    }

    @SuppressWarnings("unchecked")
    private static Object both(Object old, Object value) {
        if (old instanceof Map<?, ?> section && value instanceof Map<?, ?> more) {
            return merge((Map<String, Object>) section, more);
        }
        if (old instanceof List<?> list && value instanceof List<?> more) {
            List<Object> joined = new ArrayList<>(list);
            joined.addAll(more);
            return joined;
        }
        return value;
    }
}
