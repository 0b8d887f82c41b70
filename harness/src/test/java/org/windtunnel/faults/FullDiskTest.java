package org.windtunnel.faults;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Disks that are full, limited or read-only: one message, exit code 5, and nothing lost once there is room. */
@Tag("faults")
class FullDiskTest {
    private static final int STEPS = 600;

    @TempDir
    Path temp;

    private Path config;
    private Path runs;
    private String expected;
    private boolean mounted;

    @BeforeEach
    void straight() throws IOException {
        config = Files.writeString(temp.resolve("x.yaml"), FaultRuns.yaml(STEPS, 10));
        runs = Files.createDirectory(temp.resolve("runs"));
        Path straight = temp.resolve("straight");
        assertThat(train(straight).code()).isZero();
        expected = FaultRuns.result(FaultRuns.runs(straight).get(0), STEPS);
    }

    @AfterEach
    void unmount() throws Exception {
        if (mounted) {
            run("umount", runs.toString());
        }
    }

    private FaultRuns.Outcome train(Path root) {
        return FaultRuns.windtunnel("train", config.toString(), "--runs", root.toString());
    }

    private static int run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getInputStream().readAllBytes();
        return process.waitFor(20, TimeUnit.SECONDS) ? process.exitValue() : -1;
    }

    private void mount(String size) throws Exception {
        mounted = run("mount", "-t", "tmpfs", "-o", "size=" + size, "tmpfs", runs.toString()) == 0;
        if (!mounted) {
            System.out.println("skipped: a small file system cannot be mounted here (that needs root)");
        }
        assumeTrue(mounted, "a small file system cannot be mounted here");
    }

    /** @param outcome what is true once all is put right again */
    private void note(String fault, String outcome) {
        FaultNotes notes = new FaultNotes("runs directory");
        notes.add(fault, "exit code 5 with one message" + outcome);
        notes.write(Map.of());
    }

    private void refused(FaultRuns.Outcome outcome, String reason) {
        assertThat(outcome.code()).as(outcome.err()).isEqualTo(5);
        assertThat(outcome.err()).contains("windtunnel: cannot write ").contains(reason).doesNotContain("\tat ");
    }

    @Test
    void aFullDiskLosesNothing() throws Exception {
        mount("100k");
        refused(train(runs), "No space left on device");
        for (String size : List.of("200k", "300k")) {
            assertThat(run("mount", "-o", "remount,size=" + size, runs.toString())).isZero();
            refused(train(runs), "No space left on device");
        }
        assertThat(run("mount", "-o", "remount,size=10m", runs.toString())).isZero();
        assertThat(train(runs).code()).isZero();
        Path run = FaultRuns.runs(runs).get(0);
        assertThat(run.resolve("log.txt")).content().contains("going on from the checkpoint of step");
        assertThat(FaultRuns.result(run, STEPS)).isEqualTo(expected);
        note("full disk", "; went on when there was room, same result");
    }

    @Test
    void aReadOnlyDirectoryIsOneMessage() throws Exception {
        mount("10m");
        assertThat(run("mount", "-o", "remount,ro", runs.toString())).isZero();
        refused(train(runs), "Read-only file system");
        assertThat(run("mount", "-o", "remount,rw", runs.toString())).isZero();
        assertThat(train(runs).code()).isZero();
        assertThat(FaultRuns.result(FaultRuns.runs(runs).get(0), STEPS)).isEqualTo(expected);
        note("read-only file system", "; same result when writable");
    }

    /** Needs no rights: the shell limits how large a file may grow. */
    @Test
    void filesThatMayNotGrowLoseNothing() throws Exception {
        // In KiB: too small for the weights, for the optimizer's state, for the curve.
        for (int limit : new int[] {12, 28, 64}) {
            List<String> limited = List.of("bash", "-c", "ulimit -f " + limit + "; exec \"$0\" \"$@\"");
            Path out = temp.resolve("out-" + limit + ".txt");
            Program program = Program.start(limited, out, "train", config.toString(), "--runs", runs.toString());
            try (program) {
                assertThat(program.exitCode()).as(program.output()).isEqualTo(5);
            }
            assertThat(program.output()).contains("windtunnel: cannot write ").contains("File too large")
                    .doesNotContain("\tat ");
        }
        assertThat(train(runs).code()).isZero();
        assertThat(FaultRuns.result(FaultRuns.runs(runs).get(0), STEPS)).isEqualTo(expected);
        note("limit on the size of files", "; went on without it, same result");
    }

    @Test
    void aPlaceThatCannotBeMadeIsOneMessage() {
        refused(train(Path.of("/proc/windtunnel")), "/proc");
        note("directory that cannot be made", "");
    }
}
