package org.windtunnel.train;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.windtunnel.checkpoint.Checkpoints;

/** A process that trains every combination past its hundredth step, holds them all there, and waits to be killed. */
final class KilledRuns {
    static final String READY = "every run is past step 100";

    private static final int KEPT_BY_CHECKPOINT = 100;

    private KilledRuns() {}

    static Process start(Path directory) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules",
                        "jdk.incubator.vector",
                        "-Xmx512m",
                        "-cp",
                        System.getProperty("java.class.path"),
                        KilledRuns.class.getName(),
                        directory.toString())
                .redirectError(directory.resolve("victim.log").toFile())
                .start();
    }

    public static void main(String[] args) throws InterruptedException {
        List<String> combinations = ResumableRuns.combinations();
        for (int i = 0; i < combinations.size(); i++) {
            hold(Path.of(args[0]), combinations.get(i), KEPT_BY_CHECKPOINT + 7 + 5 * i % 40);
        }
        System.out.println(READY);
        new CountDownLatch(1).await();
    }

    /** Trains to the middle of a run and stays there, with all of the run's files open. */
    private static void hold(Path directory, String combination, long step) throws InterruptedException {
        CountDownLatch there = new CountDownLatch(1);
        Thread run = new Thread(() -> {
            try (RunExecutor executor = new RunExecutor(Path.of("."))) {
                RunJob job = ResumableRuns.job(combination, "{every: 50, every_seconds: 0, keep_last: 3, at_end: true}");
                executor.execute(job, directory.resolve(combination), (done, steps, loss, speed) -> {
                    if (done == step) {
                        awaitCheckpoint(directory.resolve(combination));
                        there.countDown();
                        forever();
                    }
                });
            }
        });
        run.start();
        there.await();
    }

    private static void awaitCheckpoint(Path run) {
        while (!new Checkpoints(run).list().containsKey((long) KEPT_BY_CHECKPOINT)) {
            Thread.onSpinWait();
        }
    }

    private static void forever() {
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
