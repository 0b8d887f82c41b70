package org.windtunnel.launch.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.batch.v1.Job;
import io.fabric8.kubernetes.api.model.batch.v1.JobSpec;
import io.fabric8.kubernetes.client.NamespacedKubernetesClient;
import io.fabric8.kubernetes.client.server.mock.KubernetesMixedDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import io.fabric8.mockwebserver.ServerRequest;
import io.fabric8.mockwebserver.ServerResponse;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;
import org.windtunnel.config.LauncherSpec.Kubernetes;
import org.windtunnel.faults.Program;
import org.windtunnel.launch.BatchLauncher;
import org.windtunnel.launch.BatchLauncher.Packing;
import org.windtunnel.launch.Commands;
import org.windtunnel.launch.Engine;
import org.windtunnel.launch.LaunchedJobs;
import org.windtunnel.launch.NoEngine;
import org.windtunnel.launch.Submission;

/** Manifests against the types of Kubernetes' API and against a server that speaks it. */
class KubernetesTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Logger REQUESTS = Logger.getLogger("io.fabric8.mockwebserver");

    @TempDir
    Path temp;

    private KubernetesMockServer server;
    private NamespacedKubernetesClient client;
    private Submission submission;

    @BeforeEach
    void start() {
        REQUESTS.setLevel(Level.WARNING);
        // On a busy machine it complains of threads that had to wait.
        ((ch.qos.logback.classic.Logger) LoggerFactory.getLogger("io.vertx")).setLevel(ch.qos.logback.classic.Level.ERROR);
        Map<ServerRequest, Queue<ServerResponse>> responses = new HashMap<>();
        server = new KubernetesMockServer(
                new Context(), new MockWebServer(), responses, new KubernetesMixedDispatcher(responses), false);
        server.init();
        client = server.createClient();
        new BatchLauncher(new NoEngine(), temp.resolve("LR sweep"), new Packing(3, 1, false)).launch(LaunchedJobs.jobs(6));
        submission = Submission.read(temp.resolve("LR sweep/jobs/0001"));
    }

    @AfterEach
    void stop() {
        client.close();
        server.destroy();
    }

    private String manifest() {
        return JobManifest.of(new Kubernetes(64, 2, "lab/windtunnel:1", "lab", "runs", null, "/workspace/runs", null, "16Gi", 1,
                90, 3, false, Map.of("nodeSelector", Map.of("pool", "h100"), "volumes",
                        List.of(Map.of("name", "data", "emptyDir", Map.of())))), 4, submission);
    }

    @Test
    void theManifestIsAnIndexedJobOfTheApi() throws Exception {
        Job job = Serialization.unmarshal(manifest(), Job.class);
        requireKnownKeys(job, "job");
        JobSpec spec = job.getSpec();
        assertThat(job.getMetadata().getName()).matches("windtunnel-lr-sweep-0001-[0-9a-f]{8}").hasSizeLessThan(57);
        assertThat(List.of(spec.getCompletionMode(), spec.getCompletions(), spec.getParallelism())).containsExactly("Indexed", 3, 2);
        assertThat(spec.getBackoffLimitPerIndex()).isEqualTo(3);
        var rules = spec.getPodFailurePolicy().getRules();
        assertThat(rules).extracting(rule -> rule.getAction()).containsExactly("Ignore", "Ignore", "FailIndex");
        assertThat(rules.get(0).getOnPodConditions().get(0).getType()).isEqualTo("DisruptionTarget");
        assertThat(rules.get(1).getOnExitCodes().getValues()).containsExactly(75);
        assertThat(rules.get(2).getOnExitCodes().getValues()).contains(2, 3).doesNotContain(75, 137);
        var pod = spec.getTemplate().getSpec();
        assertThat(pod.getRestartPolicy()).isEqualTo("Never");
        assertThat(pod.getNodeSelector()).containsEntry("pool", "h100");
        assertThat(pod.getVolumes()).extracting(volume -> volume.getName()).containsExactly("runs", "data");
        var container = pod.getContainers().get(0);
        assertThat(container.getArgs()).containsExactly("task", "/workspace/runs/LR sweep/jobs/0001");
        assertThat(container.getResources().getLimits().get("nvidia.com/gpu").getAmount()).isEqualTo("1");
        assertThat(container.getResources().getRequests().get("cpu").getAmount()).isEqualTo("4");
    }

    /** The types keep keys that the API does not have apart from the others. */
    private static void requireKnownKeys(Object at, String path) throws ReflectiveOperationException {
        if (at instanceof Collection<?> list) {
            for (Object item : list) {
                requireKnownKeys(item, path + "[]");
            }
        } else if (at != null && at.getClass().getName().startsWith("io.fabric8.kubernetes.api.model.")) {
            for (Method method : at.getClass().getMethods()) {
                if (method.getName().equals("getAdditionalProperties")) {
                    assertThat((Map<?, ?>) method.invoke(at)).as(path).isEmpty();
                } else if (method.getName().startsWith("get") && method.getParameterCount() == 0
                        && !java.lang.reflect.Modifier.isStatic(method.getModifiers())) {
                    requireKnownKeys(method.invoke(at), path + "." + method.getName().substring(3));
                }
            }
        }
    }

    @Test
    void aServerKeepsTheJobAndItsStateTellsWhichTasksAreHeld() throws Exception {
        assertThat(held()).isEmpty();
        client.resource(manifest()).create();
        assertThat(held().get(submission).tasks()).containsOnlyKeys(0, 1, 2).allSatisfy(
                (index, task) -> assertThat(task.running()).isFalse());

        String name = JobManifest.name(submission);
        client.resource(pod(name, "1")).create();
        client.batch().v1().jobs().inNamespace("lab").withName(name).edit(job ->
                job.edit().withNewStatus().withCompletedIndexes("0").withActive(1).endStatus().build());
        assertThat(held().get(submission).tasks()).isEqualTo(
                Map.of(1, new Engine.Task(true, null), 2, new Engine.Task(false, null)));

        client.batch().v1().jobs().inNamespace("lab").withName(name).edit(job -> job.edit().editStatus()
                .withCompletedIndexes("0-1").withFailedIndexes("2")
                .addNewCondition().withType("Failed").withStatus("True").endCondition().endStatus().build());
        assertThat(held()).isEmpty();
    }

    private static Pod pod(String job, String index) {
        return new PodBuilder().withNewMetadata().withName(job + "-" + index).withNamespace("lab")
                .addToLabels(KubernetesEngine.LABEL, KubernetesEngine.APPLICATION)
                .addToAnnotations("batch.kubernetes.io/job-completion-index", index)
                .addNewOwnerReference().withApiVersion("batch/v1").withKind("Job").withName(job).withUid("1").endOwnerReference()
                .endMetadata().withNewStatus().withPhase("Running").endStatus().build();
    }

    /** What the server has, in the form in which kubectl prints it. */
    private Map<Submission, Engine.Job> held() throws Exception {
        ObjectNode list = JSON.createObjectNode();
        for (HasMetadata job : client.batch().v1().jobs().inNamespace("lab").list().getItems()) {
            list.withArray("items").add(JSON.readTree(Serialization.asJson(job)));
        }
        for (HasMetadata pod : client.pods().inNamespace("lab").list().getItems()) {
            list.withArray("items").add(JSON.readTree(Serialization.asJson(pod)));
        }
        return KubernetesEngine.parse(list, List.of(submission));
    }

    @Test
    void theCommandLineAppliesAsksAndCancelsThroughKubectl() throws Exception {
        boolean possible = Commands.exist("kubectl");
        if (!possible) {
            System.out.println("skipped: no kubectl");
        }
        assumeTrue(possible, "no kubectl");
        discovery();
        Path config = Files.writeString(temp.resolve("x.yaml"),
                """
                name: cut
                model: {family: gpt, width: 16, depth: 1, head_dim: 8, context: 16}
                data: {type: markov, vocab: 32, validation_tokens: 8192}
                optimizer: {type: adamw, lr: 0.01}
                train: {steps: 10, batch: 4, eval_sequences: 16}
                sweep:
                  grids: [{optimizer.lr: [0.003, 0.004, 0.005, 0.006]}]
                  launcher: {type: kubernetes, claim: runs, namespace: lab, tasks: 2, apply: true}
                """);
        assertThat(windtunnel(config, "sweep")).contains("4 runs in 2 tasks; job.batch/windtunnel-cut-0001-", " created");
        List<Job> jobs = client.batch().v1().jobs().inNamespace("lab").list().getItems();
        assertThat(jobs).hasSize(1);
        assertThat(jobs.get(0).getSpec().getCompletions()).isEqualTo(2);
        assertThat(windtunnel(config, "sweep")).contains("4 runs, 0 to do").contains("has 4 of them: 0 in tasks under way");
        assertThat(windtunnel(config, "sweep", "cancel")).contains("asked to stop");
        assertThat(client.batch().v1().jobs().inNamespace("lab").list().getItems()).isEmpty();
        assertThat(windtunnel(config, "sweep", "status")).contains("4 runs: 4 to do").doesNotContain("has 4");
    }

    /** What kubectl asks first, to learn which kinds there are. */
    private void discovery() {
        expect("/api", "{\"kind\": \"APIVersions\", \"versions\": [\"v1\"]}");
        expect("/apis", """
                {"kind": "APIGroupList", "apiVersion": "v1", "groups": [{"name": "batch",
                 "versions": [{"groupVersion": "batch/v1", "version": "v1"}],
                 "preferredVersion": {"groupVersion": "batch/v1", "version": "v1"}}]}""");
        String resources = """
                {"kind": "APIResourceList", "groupVersion": "%s", "resources": [{"name": "%s", "singularName": "%s",
                 "namespaced": true, "kind": "%s", "verbs": ["create", "delete", "get", "list", "patch"]}]}""";
        expect("/api/v1", resources.formatted("v1", "pods", "pod", "Pod"));
        expect("/apis/batch/v1", resources.formatted("batch/v1", "jobs", "job", "Job"));
    }

    private void expect(String path, String json) {
        server.expect().get().withPath(path).andReturn(200, json).always();
        server.expect().get().withPath(path + "?timeout=32s").andReturn(200, json).always();
    }

    private String windtunnel(Path config, String... command) throws Exception {
        Path kubeconfig = temp.resolve("kubeconfig");
        new YAMLMapper().writeValue(kubeconfig.toFile(), Map.of("apiVersion", "v1", "kind", "Config",
                "current-context", "test",
                "contexts", List.of(Map.of("name", "test", "context", Map.of("cluster", "test"))),
                "clusters", List.of(Map.of("name", "test", "cluster",
                        Map.of("server", "http://localhost:" + server.getPort())))));
        List<String> args = new java.util.ArrayList<>(List.of(command));
        args.addAll(List.of(config.toString(), "--runs", temp.resolve("runs").toString()));
        Path out = temp.resolve("out.txt");
        Files.deleteIfExists(out);
        // The server has no description of its API, so kubectl cannot check the manifest; another test does.
        Path kubectl = Files.writeString(temp.resolve("kubectl"), """
                #!/bin/sh
                PATH='%s'
                [ "$1" != apply ] || set -- "$@" --validate=false
                exec kubectl "$@"
                """.formatted(System.getenv("PATH")));
        assertThat(kubectl.toFile().setExecutable(true)).isTrue();
        List<String> environment = List.of("env", "KUBECONFIG=" + kubeconfig, "HOME=" + temp,
                "PATH=" + temp + ":" + System.getenv("PATH"));
        try (Program program = Program.start(environment, out, args.toArray(String[]::new))) {
            assertThat(program.exitCode()).as(program.output()).isZero();
            return program.output();
        }
    }
}
