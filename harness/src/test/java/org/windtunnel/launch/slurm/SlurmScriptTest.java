package org.windtunnel.launch.slurm;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.config.LauncherSpec.Slurm;
import org.windtunnel.faults.Program;
import org.windtunnel.launch.BatchLauncher;
import org.windtunnel.launch.BatchLauncher.Packing;
import org.windtunnel.launch.Engine;
import org.windtunnel.launch.LaunchedJobs;
import org.windtunnel.launch.NoEngine;
import org.windtunnel.launch.Submission;

/** The batch script without a Slurm, and what squeue says of its job. */
class SlurmScriptTest {
    @TempDir
    Path temp;

    private Submission submission;

    @BeforeEach
    void submission() {
        new BatchLauncher(new NoEngine(), temp.resolve("a sweep"), new Packing(3, 1, false)).launch(LaunchedJobs.jobs(6));
        submission = Submission.read(temp.resolve("a sweep/jobs/0001"));
    }

    private static Slurm spec(String gres, List<String> options, List<String> setup) {
        return new Slurm(64, 2, "gpu", null, null, "4:00:00", null, "16G", gres, 90, false, options, setup);
    }

    private String script(Slurm spec, String... program) {
        return SlurmScript.of(spec, 8, submission, List.of(program), temp.resolve("a sweep/CANCEL").toString());
    }

    @Test
    void optionsAreThoseOfTheConfig() {
        String directory = temp.resolve("a sweep/jobs/0001").toString();
        assertThat(script(spec("gpu:1", List.of("--constraint=h100"), List.of("module load java/17")), "java", "-cp", "a b"))
                .startsWith("#!/bin/bash\n#SBATCH --requeue\n")
                .contains("\n#SBATCH --array=0-2%2\n", "\n#SBATCH --signal=B:USR1@90\n", "\n#SBATCH --open-mode=append\n",
                        "\n#SBATCH --output=\"" + directory + "/task-%a.log\"\n", "\n#SBATCH --cpus-per-task=8\n",
                        "\n#SBATCH --partition=gpu\n", "\n#SBATCH --time=4:00:00\n", "\n#SBATCH --mem=16G\n",
                        "\n#SBATCH --gres=gpu:1\n#SBATCH --constraint=h100\n",
                        "\nmodule load java/17\njava -cp 'a b' task '" + directory + "' &\n")
                .doesNotContain("account", "qos");
    }

    @Test
    void optionsThatWouldBreakOutOfTheirLineAreRefused() {
        assertThatThrownBy(() -> script(spec("gpu:1\nrm -r x", List.of(), List.of()), "java"))
                .hasMessageContaining("expected --gres without quotes");
        assertThatThrownBy(() -> script(spec(null, List.of("constraint=h100"), List.of()), "java"))
                .hasMessageContaining("sweep.launcher.options: expected options of sbatch");
    }

    @Test
    void aSignalReachesTheProgramAndItsEndQueuesTheTaskAgain() throws Exception {
        String saves = "trap 'sleep 0.2; exit 75' USR1; touch ready; while :; do sleep 0.05; done";
        assertThat(run(saves, "USR1")).isEqualTo(75);
        assertThat(temp.resolve("scontrol.txt")).hasContent("requeue 4711");
    }

    @Test
    void otherEndsAndACancelledSweepAreNotQueuedAgain() throws Exception {
        assertThat(run("touch ready; exit 3", null)).isEqualTo(3);
        assertThat(run("touch ready; exit 127", null)).isEqualTo(127);
        // SIGTERM goes to the program as well, on its own; the shell waits for what it does.
        assertThat(run("touch ready; sleep 0.5; exit 0", "TERM")).isZero();
        Files.createFile(temp.resolve("a sweep/CANCEL"));
        assertThat(run("trap 'exit 75' USR1; touch ready; while :; do sleep 0.05; done", "USR1")).isEqualTo(75);
        assertThat(temp.resolve("scontrol.txt")).doesNotExist();
    }

    /** Runs the script as Slurm does, with a program that is a line of shell. @return its exit code */
    private int run(String program, String signal) throws Exception {
        Path scontrol = Files.writeString(temp.resolve("scontrol"), "#!/bin/sh\necho \"$@\" >>scontrol.txt\n");
        assertThat(scontrol.toFile().setExecutable(true)).isTrue();
        Path file = Files.writeString(temp.resolve("job.sh"), script(spec(null, List.of(), List.of()), "bash", "-c", program));
        Files.deleteIfExists(temp.resolve("ready"));
        ProcessBuilder builder = new ProcessBuilder("bash", file.toString()).directory(temp.toFile()).inheritIO();
        builder.environment().putAll(Map.of("SLURM_JOB_ID", "4711", "PATH", temp + ":" + System.getenv("PATH")));
        Process process = builder.start();
        while (!Files.exists(temp.resolve("ready"))) {
            Thread.sleep(5);
        }
        if (signal != null) {
            Program.signal(process.pid(), signal);
        }
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return process.exitValue();
    }

    @Test
    void squeueTellsWhichTasksWaitAndWhichRun() {
        String comment = "windtunnel:" + submission.directory();
        String lines = "17|0|RUNNING|None|" + comment + "\n17|2|PENDING|BeginTime|" + comment
                + "\n18|0|RUNNING|None|windtunnel:/other\n19|N/A|PENDING|Priority|(null)\n";
        Map<Submission, Engine.Job> jobs = SlurmEngine.parse(lines, List.of(submission));
        assertThat(jobs).containsOnlyKeys(submission);
        assertThat(jobs.get(submission)).isEqualTo(new Engine.Job("17",
                Map.of(0, new Engine.Task(true, null), 2, new Engine.Task(false, "BeginTime"))));
        assertThat(SlurmEngine.parse("", List.of(submission))).isEmpty();
    }
}
