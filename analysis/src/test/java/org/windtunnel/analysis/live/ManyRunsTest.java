package org.windtunnel.analysis.live;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.windtunnel.analysis.RunWriter;

/** A large sweep that is mostly done costs little to look at again. */
class ManyRunsTest {
    private static final int RUNS = 1000;

    @TempDir
    Path root;

    @Test
    void lookingAgainIsCheap() throws IOException, InterruptedException {
        RunWriter writer = new RunWriter(Files.createDirectories(root.resolve("wind")));
        for (int i = 0; i < RUNS; i++) {
            writer.done("mup", 64, 0.001 * (1 + i), i, 5e4, 1e6, 2.5);
        }
        LiveRuns runs = LiveRuns.open(root, p -> false);
        assertThat(runs.sweep("wind").orElseThrow().look().runs()).hasSize(RUNS);
        double least = Double.POSITIVE_INFINITY;
        for (int i = 0; i < 3; i++) {
            Thread.sleep(250);
            long start = cpuNanos();
            SweepSnapshot again = runs.sweep("wind").orElseThrow().look();
            least = Math.min(least, (cpuNanos() - start) / 1e9);
            assertThat(again.version()).isEqualTo(1);
        }
        System.out.printf("%d runs looked at again in %.0f ms of CPU time%n", RUNS, least * 1e3);
        assertThat(least).isLessThan(0.5);
    }

    private static long cpuNanos() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }
}
