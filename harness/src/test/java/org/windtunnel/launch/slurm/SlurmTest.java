package org.windtunnel.launch.slurm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.cli.Main;
import org.windtunnel.faults.Program;
import org.windtunnel.launch.Commands;
import org.windtunnel.record.RunDirectory;
import org.windtunnel.record.RunStatus;

/** A sweep on a real Slurm of one node, which the test starts: preempted, cancelled, retried, done. */
@Tag("slurm")
class SlurmTest {
    private static final String SWEEP =
            """
            name: cut
            model: {family: gpt, width: 16, depth: 1, head_dim: 8, context: 16}
            data: {type: markov, vocab: 32, validation_tokens: 8192}
            optimizer: {type: adamw, lr: 0.01}
            schedule: {type: linear}
            train: {steps: 3000, batch: 4, eval_sequences: 16, eval_every: 1000}
            checkpoint: {every: 100, every_seconds: 0}
            sweep:
              grids: [{optimizer.lr: [0.003, 0.004, 0.005, 0.006]}]
              launcher: {type: slurm, tasks: 2, time: "0:30:00", memory: 1G, parallel: 2}
            """;

    @TempDir
    Path temp;

    private Path config;
    private Path cluster;
    private boolean started;

    @BeforeEach
    void cluster() throws Exception {
        config = Files.writeString(temp.resolve("x.yaml"), SWEEP);
        cluster = temp.resolve("slurm");
        boolean possible = Stream.of("sbatch", "slurmctld", "slurmd", "munged").allMatch(Commands::exist)
                && "root".equals(System.getProperty("user.name"));
        if (!possible) {
            System.out.println("skipped: no Slurm to start here (that needs root and the packages slurm-wlm and munge)");
        }
        assumeTrue(possible, "no Slurm");
        started = true;
        int code = script(cluster.toString(), freePort(), freePort());
        if (code != 0) {
            System.out.println("skipped: Slurm does not start on this machine, see above");
        }
        assumeTrue(code == 0, "Slurm does not start");
    }

    @AfterEach
    void end() throws Exception {
        if (started) {
            script("--stop", cluster.toString());
        }
    }

    private static int script(String... arguments) throws Exception {
        List<String> command = new ArrayList<>(List.of("src/test/slurm/start.sh"));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command).inheritIO().start().waitFor();
    }

    private static String freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return Integer.toString(socket.getLocalPort());
        }
    }

    private String slurm(String... command) {
        List<String> words = new ArrayList<>(List.of("env", "SLURM_CONF=" + cluster.resolve("slurm.conf")));
        words.addAll(List.of(command));
        return Commands.run(words);
    }

    /** The command line in a process that knows the cluster. @return what it printed */
    private String windtunnel(String... command) throws Exception {
        List<String> args = new ArrayList<>(List.of(command));
        args.addAll(List.of(config.toString(), "--runs", temp.resolve("runs").toString()));
        Path out = temp.resolve("out.txt");
        Files.deleteIfExists(out);
        try (Program program = Program.start(List.of("env", "SLURM_CONF=" + cluster.resolve("slurm.conf")), out,
                args.toArray(String[]::new))) {
            assertThat(program.exitCode()).as(program.output()).isZero();
            return program.output();
        }
    }

    private List<Path> runs(String root) {
        try (Stream<Path> entries = Files.list(temp.resolve(root).resolve("cut"))) {
            return entries.filter(entry -> Files.exists(entry.resolve("manifest.json"))).sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String curve(Path run) throws IOException {
        return (Files.readString(run.resolve("curve.jsonl")) + Files.readString(run.resolve("eval.jsonl")))
                .replaceAll(",\"(tokens_per_s|time_s)\":[^,}]+", "");
    }

    private static long lines(Path run) throws IOException {
        Path curve = run.resolve("curve.jsonl");
        return Files.exists(curve) ? Files.readAllLines(curve).size() : 0;
    }

    private void await(String what, Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + 90_000_000_000L;
        while (!condition.call()) {
            assertThat(System.nanoTime()).as("%s; %s\n%s", what, slurm("squeue", "-r"), log(0)).isLessThan(end);
            Thread.sleep(20);
        }
    }

    private String log(int task) throws IOException {
        Path log = temp.resolve("runs/cut/jobs/0001/task-" + task + ".log");
        return Files.exists(log) ? Files.readString(log) : "";
    }

    private String state(String job) {
        return slurm("squeue", "-h", "-o", "%T", "--job", job).strip();
    }

    @Test
    void aSweepIsPreemptedRequeuedCancelledAndRetriedAndEveryRunIsTheRunThatWasNot() throws Exception {
        assertThat(windtunnel("sweep")).contains("4 runs in 2 tasks; array job ");
        String task = slurm("squeue", "-h", "-o", "%F").lines().findFirst().orElseThrow() + "_0";
        // Submitted again, with everything queued or running, nothing is doubled.
        assertThat(windtunnel("sweep")).contains("4 runs, 0 to do").contains("has 4 of them");
        await("a run", () -> runs("runs").stream().anyMatch(run -> RunDirectory.isOwned(run)));

        slurm("scancel", "--batch", "--signal=USR1", task);
        await("the task queued again", () -> state(task).equals("PENDING"));
        assertThat(log(0)).contains("SIGUSR1: every run ends after its step").contains("PREEMPTED");
        assertThat(windtunnel("sweep", "status")).contains("queued").contains("(BeginTime)");
        // Slurm waits two minutes before it starts a requeued job.
        slurm("scontrol", "update", "jobid=" + task, "starttime=now");
        await("the task under way again", () -> log(0).split("2 to do", -1).length == 3);

        assertThat(windtunnel("sweep", "cancel")).contains("asked to stop");
        await("an empty queue", () -> slurm("squeue", "-h").isEmpty());
        assertThat(runs("runs")).noneMatch(RunDirectory::isOwned);
        assertThat(windtunnel("sweep", "status")).doesNotContain("queued").doesNotContain("running");

        Path failed = runs("runs").get(0);
        Files.deleteIfExists(failed.resolve("PREEMPTED"));
        Files.deleteIfExists(failed.resolve("DONE"));
        Files.writeString(failed.resolve("FAILED"), "{\"reason\": \"as the test says\"}");
        assertThat(windtunnel("sweep", "retry", "--failed")).contains("array job");
        await("the runs done", () -> slurm("squeue", "-h").isEmpty());
        assertThat(runs("runs")).hasSize(4).allMatch(
                run -> RunDirectory.statusOf(run).filter(status -> status == RunStatus.DONE).isPresent());

        Path straight = temp.resolve("straight");
        assertThat(Main.run("sweep", config.toString(), "--runs", straight.toString(), "--set", "sweep.launcher=local")).isZero();
        for (int i = 0; i < 4; i++) {
            assertThat(curve(runs("runs").get(i))).isEqualTo(curve(runs("straight").get(i)));
        }
        // All done: the same command gives the verdict.
        assertThat(windtunnel("sweep")).contains("4 runs (4 done)");
    }
}
